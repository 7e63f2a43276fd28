# Prepare .venv for the scripts beside this file, which source it after setting `root`.
#
#   setup         install what the pyproject files ask for; when that was done before, only compare and return
#   find_python   set `python` to a working Python 3.11 or newer
#   find_uv       set `uv`, brought into .tools/ when the machine has none
#
# It speaks on stderr, and only when there is something to wait for or to do. KATS_PYTHON names the Python to use.

stamp=$root/.venv/.kats-setup

say() { printf 'kats: %s\n' "$*" >&2; }

stop() {
  say "$@"
  exit 1
}

# Run a command; show its output only when it fails.
quietly() {
  output=$("$@" 2>&1) && return
  printf '%s\n' "$output" >&2
  return 1
}

# Names on PATH may be shims, also of versions that are gone: each candidate has to run and tell its own path.
try_python() {
  python=$("$1" -c 'import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))' 2>/dev/null)
}

find_python() {
  if [ -n "${KATS_PYTHON:-}" ]; then
    try_python "$KATS_PYTHON" && return
    stop "KATS_PYTHON is \"$KATS_PYTHON\", which is not a working Python 3.11 or newer."
  fi
  for candidate in "$root/.venv/bin/python" python3 python3.11 python3.12 python3.13 python3.14 python \
    /usr/bin/python3 /usr/local/bin/python3 "${HOME:-/}"/.pyenv/versions/3.*/bin/python3; do
    try_python "$candidate" && return
  done
  stop "Python 3.11 or newer is needed; found $(python3 --version 2>/dev/null || echo none)." \
    "Install one, or set KATS_PYTHON to its path."
}

# An older uv than pyproject.toml asks for fails this, and is passed over like a missing one.
uv_works() { "$1" --directory "$root" cache dir >/dev/null 2>&1; }

find_uv() {
  export UV_PYTHON_DOWNLOADS=never
  export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-120}"
  # Behind a proxy the machine's own certificates count, which uv ignores by default; older versions know the second name.
  if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}" UV_NATIVE_TLS="${UV_NATIVE_TLS:-1}"
  fi
  for uv in uv "$root/.tools/bin/uv" "$root/.tools/target/bin/uv"; do
    uv_works "$uv" && return
  done
  say "fetching uv into .tools/ ..."
  # Debian's Python may come without venv; pip can still install into a folder.
  if "$python" -m venv "$root/.tools" >/dev/null 2>&1; then
    uv=$root/.tools/bin/uv
    quietly "$root/.tools/bin/python" -m pip install --quiet --upgrade uv && uv_works "$uv" && return
  else
    uv=$root/.tools/target/bin/uv
    quietly "$python" -m pip install --quiet --upgrade --target "$root/.tools/target" uv && uv_works "$uv" && return
  fi
  stop "uv could not be installed; the reason stands above. Is the network reachable?" \
    "Without it, install uv by hand and start again."
}

# What the environment depends on: where it lies, which Python was asked for, and each file that lists requirements.
fingerprint() {
  printf '%s\n' "$root" "${KATS_PYTHON:-}"
  cd "$root" && cksum pyproject.toml kats_core/__init__.py plugins/*/*/pyproject.toml
}

setup() {
  wanted=$(fingerprint)
  if [ -x "$root/.venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    return
  fi
  find_python
  find_uv
  say "installing into .venv/ ..."
  # A copied checkout brings an environment that still runs the code of the original.
  if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" != "$root" ]; then
    quietly "$uv" --directory "$root" venv --quiet --clear --python "$python" .venv || stop "the copied .venv could not be replaced."
  fi
  # --inexact: third-party plugins that the operator installed stay.
  UV_PROJECT_ENVIRONMENT=$root/.venv quietly "$uv" --directory "$root" sync --quiet --inexact --python "$python" ||
    stop "the set-up failed; the reason stands above. If it is the network, start again when it is back."
  printf '%s\n' "$wanted" >"$stamp"
}
