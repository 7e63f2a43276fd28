"""What a risk stage is, and the caps that stages share."""
