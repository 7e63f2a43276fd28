"use strict";
(() => {
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), packed = read("packed"), texts = read("texts");
  const element = id => document.getElementById(id);
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const isNarrow = () => window.innerWidth < 560;
  const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["lasso2d", "select2d", "toImage"] };

  /* What a figure takes from the page: its colours, its font, and a smaller font where there is little room. */
  function dressed(layout) {
    const ink = colour("ink"), grid = colour("grid"), line = colour("line");
    const result = structuredClone(layout);
    Object.assign(result, {
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: isNarrow() ? 10 : 12, color: ink },
      hoverlabel: { bgcolor: colour("card"), bordercolor: line, font: { color: ink } },
      dragmode: isNarrow() ? false : "zoom",
    });
    for (const key of Object.keys(result)) {
      if (!/^[xy]axis/.test(key)) continue;
      const axis = result[key];
      axis.gridcolor = grid;
      axis.zerolinecolor = line;
      axis.linecolor = line;
      axis.tickcolor = line;
      if (typeof axis.title === "object" && axis.title.text) axis.title.font = { size: isNarrow() ? 10 : 11, color: colour("dim") };
    }
    return result;
  }

  function draw(target) {
    const figure = figures[target.dataset.figure];
    if (target.dataset.figure === "months") figure.data[0].textfont = { size: isNarrow() ? 8 : 11.5, color: colour("ink") };
    return Plotly.react(target, figure.data, dressed(figure.layout), { ...config, displayModeBar: isNarrow() ? false : "hover" });
  }

  const charts = [...document.querySelectorAll("[data-figure]")];

  /* One after the other, so that the page can be read while it is drawn. */
  async function drawAll() {
    for (const target of charts) {
      await draw(target);
      await new Promise(done => setTimeout(done));
    }
  }

  const dayOf = number => new Date(number * 864e5).toISOString().slice(0, 10);
  const won = value => value == null ? "–" : Math.round(value).toLocaleString("en");
  const change = value => (value > 0 ? "+" : value < 0 ? "−" : "") + won(Math.abs(value));
  const multiple = value => value == null ? "–" : (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2) + "R";
  const side = value => value > 0 ? "gain" : value < 0 ? "loss" : "";

  function node(tag, text, className) {
    const made = document.createElement(tag);
    if (text != null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  const BEFORE = 40, AFTER = 15;

  /* The bars from before the entry until after the exit. */
  function windowOf(trade) {
    const all = packed.candles[trade.s];
    let first = all.d.findIndex(day => day >= trade.o);
    if (first < 0) first = all.d.length - 1;
    let last = all.d.findLastIndex(day => day <= trade.c);
    if (last < first) last = first;
    const start = Math.max(0, first - BEFORE), end = last + 1 + AFTER;
    const cut = Object.fromEntries(Object.entries(all).map(([name, column]) => [name, column.slice(start, end)]));
    return { ...cut, days: cut.d.map(dayOf), first: first - start, last: last - start };
  }

  function level(days, price, name, shade, dash, first, last) {
    return {
      type: "scatter", mode: "lines", name, x: [days[first], days[last]], y: [price, price],
      line: { color: shade, width: 1.6, dash }, hovertemplate: `${name} %{y:,}<extra></extra>`,
    };
  }

  /* The stop as it stood: from the entry on its first price, then what it was at each close. */
  function stopLine(trade, bars, first, last) {
    const x = [bars.days[first]], y = [trade.st];
    for (const [day, price] of trade.stops) {
      x.push(dayOf(day));
      y.push(price);
    }
    x.push(bars.days[last]);
    y.push(y[y.length - 1]);
    return {
      type: "scatter", mode: "lines", name: texts.stop, x, y, line: { color: colour("loss"), width: 1.8, shape: "hv" },
      hovertemplate: `${texts.stop} %{y:,}<extra></extra>`,
    };
  }

  function fillMarks(trade, isBuy) {
    const own = trade.f.filter(fill => fill[2] === isBuy);
    const shade = colour("ink");
    return {
      type: "scatter", mode: "markers", name: isBuy ? texts.buy : texts.sell,
      x: own.map(fill => dayOf(fill[0])), y: own.map(fill => fill[3]),
      marker: { symbol: isBuy ? "triangle-up" : "triangle-down", size: 12, color: isBuy ? colour("gain") : colour("loss"), line: { color: shade, width: 1.2 } },
      customdata: own.map(fill => [fill[1], fill[4]]),
      hovertemplate: `${isBuy ? texts.buy : texts.sell} %{y:,} × %{customdata[1]:,} · %{customdata[0]}<extra></extra>`,
    };
  }

  function candleFigure(trade) {
    const bars = windowOf(trade), gain = colour("gain"), loss = colour("loss");
    const first = Math.max(0, bars.first - 4), last = Math.min(bars.days.length - 1, bars.last + 4);
    const data = [
      {
        type: "candlestick", name: trade.name, x: bars.days, open: bars.o, high: bars.h, low: bars.l, close: bars.c,
        increasing: { line: { color: gain, width: 1 }, fillcolor: gain }, decreasing: { line: { color: loss, width: 1 }, fillcolor: loss },
        showlegend: false,
      },
      {
        type: "bar", x: bars.days, y: bars.v, yaxis: "y2", showlegend: false,
        marker: { color: bars.c.map((close, n) => close >= bars.o[n] ? gain : loss), opacity: 0.45 }, hovertemplate: "%{y:,}<extra></extra>",
      },
    ];
    if (trade.t != null) data.push(level(bars.days, trade.t, texts.trigger, colour("accent"), "dash", first, last));
    if (trade.l != null && trade.l !== trade.t) data.push(level(bars.days, trade.l, texts.limit, colour("dim"), "dot", first, last));
    trade.targets.forEach((price, n) => data.push(level(bars.days, price, `${texts.target} ${n + 1}`, gain, "dash", first, last)));
    // Within one bar a line has no length.
    const reach = bars.first === bars.last ? 1 : 0;
    if (trade.st != null) data.push(stopLine(trade, bars, Math.max(0, bars.first - reach), Math.min(bars.days.length - 1, bars.last + reach)));
    data.push(fillMarks(trade, true), fillMarks(trade, false));
    const layout = {
      height: isNarrow() ? 340 : 470, margin: { l: 8, r: 8, t: 8, b: 8 }, bargap: 0.25,
      xaxis: { type: "category", rangeslider: { visible: false }, nticks: isNarrow() ? 4 : 9, tickangle: 0, automargin: true, showgrid: false, anchor: "y2" },
      yaxis: { domain: [0.24, 1], tickformat: ",d", automargin: true, side: "right" },
      yaxis2: { domain: [0, 0.18], tickformat: "~s", automargin: true, side: "right", nticks: 3, rangemode: "tozero" },
      legend: { orientation: "h", y: 1.02, x: 0, yanchor: "bottom" },
      shapes: [{ type: "rect", xref: "x", yref: "paper", x0: bars.first - 0.5, x1: bars.last + 0.5, y0: 0.24, y1: 1, fillcolor: colour("accent"), opacity: 0.08, line: { width: 0 } }],
      hovermode: "closest",
    };
    return { data, layout };
  }

  let ordered = [], chosen = null;

  function facts(trade) {
    const list = element("facts");
    const pairs = [
      [texts.net_profit, `${change(trade.p)} (${multiple(trade.r)})`, side(trade.p)],
      [texts.exit_code, trade.e], [texts.strategy, trade.i], [texts.regime, trade.m], [texts.grade, trade.g],
      [texts.quantity, won(trade.q)], [texts.entry_price, won(trade.b)], [texts.exit_price, won(trade.x)],
      [texts.trigger, won(trade.t)], [texts.limit, won(trade.l)], [texts.stop, won(trade.st)],
    ];
    for (const [name, value] of Object.entries(trade.setup)) pairs.push([`${texts.setup} · ${name}`, typeof value === "number" ? value.toLocaleString("en") : value]);
    if (trade.pd) pairs.push([texts.note, texts.path_dependent]);
    list.replaceChildren(...pairs.map(([name, value, look]) => {
      const pair = node("div");
      pair.append(node("dt", name), node("dd", value, look));
      return pair;
    }));
    const head = node("tr");
    head.append(node("th", texts.fills), node("th", texts.time), node("th", texts.price, "num"), node("th", texts.quantity, "num"));
    element("fills").replaceChildren(head, ...trade.f.map(([day, clock, isBuy, price, quantity]) => {
      const row = node("tr");
      row.append(node("td", isBuy ? texts.buy : texts.sell, isBuy ? "gain" : "loss"), node("td", `${dayOf(day)} ${clock}`, "nowrap"), node("td", won(price), "num"), node("td", won(quantity), "num"));
      return row;
    }));
  }

  function show(trade, isAsked) {
    chosen = trade;
    element("trade-title").textContent = `#${trade.n}  ${trade.name} (${trade.s})  ${dayOf(trade.o)} → ${dayOf(trade.c)}  ${multiple(trade.r)}`;
    facts(trade);
    const figure = candleFigure(trade);
    for (const button of element("list").querySelectorAll("button")) {
      const isChosen = Number(button.dataset.trade) === trade.n;
      button.setAttribute("aria-current", isChosen);
      if (isChosen && isAsked) element("list").scrollTop = button.offsetTop - element("list").offsetTop - element("list").clientHeight / 2;
    }
    return Plotly.react(element("candles"), figure.data, dressed(figure.layout), { ...config, displayModeBar: isNarrow() ? false : "hover" });
  }

  function order(by) {
    const of = { n: trade => trade.n, p: trade => trade.p, r: trade => trade.r ?? Infinity }[by];
    ordered = [...packed.trades].sort((a, b) => of(a) - of(b));
    element("list").replaceChildren(...ordered.map(trade => {
      const item = node("li"), button = node("button");
      button.type = "button";
      button.dataset.trade = trade.n;
      button.append(node("span", `#${trade.n} ${trade.name}`), node("span", multiple(trade.r), `end ${side(trade.p)}`), node("small", dayOf(trade.o)), node("small", change(trade.p), "end"));
      button.addEventListener("click", () => show(trade, false));
      item.append(button);
      return item;
    }));
  }

  function step(by) {
    const place = ordered.indexOf(chosen) + by;
    if (ordered[place]) show(ordered[place], true);
  }

  function browse() {
    if (!packed.trades.length) return;
    order("n");
    element("order").addEventListener("change", event => { order(event.target.value); show(ordered[0], true); });
    element("previous").addEventListener("click", () => step(-1));
    element("next").addEventListener("click", () => step(1));
    for (const link of document.querySelectorAll("[data-trade]:not(button)")) {
      link.addEventListener("click", event => {
        event.preventDefault();
        show(packed.trades.find(trade => trade.n === Number(link.dataset.trade)), true);
        element("charts").scrollIntoView({ behavior: "smooth" });
      });
    }
    const linked = packed.trades.find(trade => `#trade-${trade.n}` === location.hash);
    return show(linked ?? packed.trades.reduce((worst, trade) => trade.p < worst.p ? trade : worst), true);
  }

  async function all() {
    await browse();
    await drawAll();
    document.documentElement.dataset.drawn = "yes";
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawAll(); if (chosen) show(chosen, false); });
  let wasNarrow = isNarrow();
  window.addEventListener("resize", () => {
    if (wasNarrow === isNarrow()) return;
    wasNarrow = isNarrow();
    drawAll();
    if (chosen) show(chosen, false);
  });
  all();
})();
