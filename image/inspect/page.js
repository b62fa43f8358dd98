"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { image, names, depths, events } = data;
  const layers = image.layers;
  const ADDED = 0, CHANGED = 1, DELETED = 2;
  const FOLDER = 1, LINK = 2, NAME = 3;
  const ALL = -1;
  const ROWS = 200, TILES = 120;
  const get = (id) => document.getElementById(id);

  /* ---- The tree: node 0 is the root, node i + 1 has the name i ---- */

  const count = names.length + 1;
  const parents = new Int32Array(count), firsts = new Int32Array(count), nexts = new Int32Array(count);
  const kinds = new Uint8Array(count);
  (() => {
    const path = [0], lasts = new Int32Array(count);
    for (let i = 1; i < count; i++) {
      const folder = path[depths[i - 1]];
      path[depths[i - 1] + 1] = i;
      parents[i] = folder;
      if (lasts[folder]) nexts[lasts[folder]] = i; else firsts[folder] = i;
      lasts[folder] = i;
    }
    kinds[0] = FOLDER;
  })();

  const eventCount = Math.floor(events.length / 5);
  const eventNode = (e) => events[5 * e] + 1, eventLayer = (e) => events[5 * e + 1];
  const eventKind = (e) => events[5 * e + 2] & 3, eventFile = (e) => events[5 * e + 2] >> 2;
  const eventSize = (e) => events[5 * e + 3], eventGone = (e) => events[5 * e + 4];
  const isDeletion = (e) => eventKind(e) >= DELETED;
  for (let e = 0; e < eventCount; e++)
    if (!isDeletion(e) || !kinds[eventNode(e)]) kinds[eventNode(e)] = eventFile(e);
  const isFolder = (node) => kinds[node] === FOLDER || firsts[node] > 0;

  function children(node) {
    const list = [];
    for (let child = firsts[node]; child; child = nexts[child]) list.push(child);
    return list;
  }

  /* ---- Figures: of every folder what is in it, for all layers or one ---- */

  function figures(layer) {
    const made = {};
    for (const name of ["size", "changed", "wasted", "hidden", "files", "deleted"]) made[name] = new Float64Array(count);
    for (let e = 0; e < eventCount; e++) {
      const node = eventNode(e), own = layer === ALL || eventLayer(e) === layer;
      if (layer !== ALL && eventGone(e) === layer + 1) made.hidden[node] += eventSize(e);
      if (!own) continue;
      if (isDeletion(e)) {
        made.deleted[node]++;
        continue;
      }
      made.size[node] += eventSize(e);
      if (eventKind(e) === CHANGED) made.changed[node] += eventSize(e);
      if (eventGone(e)) made.wasted[node] += eventSize(e);
      if (eventFile(e) !== FOLDER) made.files[node]++;
    }
    for (let i = count - 1; i > 0; i--)
      for (const name in made) made[name][parents[i]] += made[name][i];
    made.isGone = new Uint8Array(count);
    for (let e = 0; e < eventCount; e++)
      if (layer === ALL || eventLayer(e) === layer) made.isGone[eventNode(e)] = eventKind(e) === DELETED ? 1 : 0;
    return made;
  }

  const cache = new Map();
  function figuresOf(layer) {
    if (!cache.has(layer)) cache.set(layer, figures(layer));
    return cache.get(layer);
  }

  /* Of each layer alone: files and bytes by what happens to them. */
  const sums = layers.map(() => ({ added: 0, changed: 0, deleted: 0, addedBytes: 0, changedBytes: 0, wasted: 0, hidden: 0 }));
  for (let e = 0; e < eventCount; e++) {
    const sum = sums[eventLayer(e)], gone = eventGone(e);
    if (gone) sums[gone - 1].hidden += eventSize(e);
    if (isDeletion(e)) {
      sum.deleted++;
      continue;
    }
    if (gone) sum.wasted += eventSize(e);
    sum[eventKind(e) === ADDED ? "addedBytes" : "changedBytes"] += eventSize(e);
    if (eventFile(e) !== FOLDER) sum[eventKind(e) === ADDED ? "added" : "changed"]++;
  }

  /* ---- Texts ---- */

  function bytes(size) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    while (size >= 1024 && unit < units.length - 1) {
      size /= 1024;
      unit++;
    }
    return (unit ? size.toFixed(size < 10 ? 2 : 1) : size) + " " + units[unit];
  }
  const whole = (number) => number.toLocaleString("en-US");
  /* Characters that show nothing, or turn the text around them, as what they are. */
  const unseen = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const visible = (text) => text.replace(unseen, (found) => "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0"));
  const nameOf = (node) => (node ? visible(names[node - 1]) : "/");
  function pathOf(node) {
    const parts = [];
    for (; node; node = parents[node]) parts.unshift(nameOf(node));
    return "/" + parts.join("/");
  }
  const layerName = (layer) => (layer === ALL ? "All layers" : "Layer " + (layer + 1));

  function make(tag, options, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options || {}))
      if (name === "text") element.textContent = value;
      else if (name === "click") element.addEventListener("click", value);
      else if (value !== undefined) element.setAttribute(name, value);
    element.append(...inside);
    return element;
  }
  const isolated = (text) => make("bdi", { dir: "ltr", text });

  /* ---- What is being looked at; it is in the address, so that Back works ---- */

  const view = { layer: ALL, node: 0, sort: "size", descending: true, all: false };

  function readAddress() {
    const parts = /^#(\d+|all)\/(\d+)$/.exec(location.hash);
    view.layer = parts && parts[1] !== "all" && +parts[1] >= 1 && +parts[1] <= layers.length ? +parts[1] - 1 : ALL;
    view.node = parts && +parts[2] < count && isFolder(+parts[2]) ? +parts[2] : 0;
    view.all = false;
  }
  function go(layer, node) {
    location.hash = "#" + (layer === ALL ? "all" : layer + 1) + "/" + node;
    follow();
  }

  /* ---- Summary and layers ---- */

  function drawHead() {
    get("name").append(isolated(visible(image.name)));
    const platform = image.os + (image.os_version ? " " + image.os_version : "") + " / " + image.architecture +
      (image.variant ? " " + image.variant : "");
    const created = image.created ? ", created " + new Date(image.created * 1000).toISOString().slice(0, 16).replace("T", " ") + " UTC" : "";
    get("about").textContent = visible(platform) + created;
    get("digest").textContent = visible(image.digest);
  }

  function drawSummary() {
    const total = figuresOf(ALL), size = total.size[0], wasted = total.wasted[0];
    const share = size ? (size - wasted) / size : 1;
    const card = (id, label, value, text, note) => {
      const shown = make("dd", { id, "data-value": value, text });
      if (note) shown.append(make("small", { text: note }));
      return make("div", {}, make("dt", { text: label }), shown);
    };
    const meter = make("div", { class: "meter", role: "presentation" }, make("span"));
    meter.firstChild.style.width = 100 * share + "%";
    const efficiency = card("efficiency", "Efficiency", share, (100 * share).toFixed(1) + " %");
    efficiency.append(meter);
    get("summary").append(
      efficiency,
      card("wasted", "Wasted", wasted, bytes(wasted), whole(wasted) + " bytes"),
      card("size", "Files, all layers", size, bytes(size), whole(total.files[0]) + " files"),
      card("remaining", "Left in the image", size - wasted, bytes(size - wasted), "what a container sees"),
      card("blobs", "To download", image.size, bytes(image.size), layers.length + (layers.length === 1 ? " layer" : " layers")));
  }

  function stack(parts, whole_) {
    const bar = make("span", { class: "stack", role: "presentation" });
    for (const [kind, size] of parts) {
      const piece = make("span", { class: "fill-" + kind });
      piece.style.width = (whole_ ? 100 * size / whole_ : 0) + "%";
      bar.append(piece);
    }
    return bar;
  }

  function layerButton(layer, largest) {
    const button = make("button", { type: "button", "data-layer": layer === ALL ? "all" : layer + 1, click: () => go(layer, view.node) });
    const top = make("span", { class: "top" }, make("span", { text: layerName(layer) }));
    button.append(top);
    if (layer === ALL) {
      const total = figuresOf(ALL);
      top.append(make("span", { text: bytes(total.size[0]) }));
      button.append(stack([["added", total.size[0] - total.wasted[0]], ["wasted", total.wasted[0]]], total.size[0]));
      return button;
    }
    const sum = sums[layer], size = sum.addedBytes + sum.changedBytes;
    const kept = size - sum.wasted, keptChanged = Math.min(sum.changedBytes, kept);
    top.append(make("span", { text: bytes(size) }));
    const by = visible(layers[layer].created_by || "");
    if (by) button.append(make("span", { class: "by", title: by }, isolated(by)));
    button.append(stack([["added", kept - keptChanged], ["changed", keptChanged], ["wasted", sum.wasted]], largest));
    const counts = make("span", { class: "counts" });
    const figure = (kind, value, text, title) =>
      counts.append(make("span", { class: value ? "ink-" + kind : "zero", "data-figure": kind, "data-value": value, title, text }));
    figure("added", sum.added, "+" + whole(sum.added), "files added, " + bytes(sum.addedBytes));
    figure("changed", sum.changed, "~" + whole(sum.changed), "files changed, " + bytes(sum.changedBytes));
    figure("deleted", sum.deleted, "\u2212" + whole(sum.deleted), "paths deleted; " + bytes(sum.hidden) + " of earlier layers hidden");
    figure("wasted", sum.wasted, bytes(sum.wasted) + " wasted", "bytes that later layers replace or delete");
    button.append(counts);
    return button;
  }

  function drawLayers() {
    const largest = Math.max(1, ...sums.map((sum) => sum.addedBytes + sum.changedBytes));
    for (let layer = ALL; layer < layers.length; layer++) get("layers").append(make("li", {}, layerButton(layer, largest)));
  }

  function drawChosenLayer() {
    for (const button of get("layers").querySelectorAll("button")) {
      const layer = button.dataset.layer === "all" ? ALL : +button.dataset.layer - 1;
      button.setAttribute("aria-current", String(layer === view.layer));
    }
    get("files-title").textContent = view.layer === ALL ? "Files of all layers" : "Files of layer " + (view.layer + 1);
    get("layer-note").textContent = "";
    if (view.layer !== ALL) {
      const { created_by: by, diff_id: diff, size } = layers[view.layer];
      if (by) get("layer-note").append(make("code", {}, isolated(visible(by))), make("br"));
      get("layer-note").append(make("span", { class: "mono", text: visible(diff) }), " \u2013 " + bytes(size) + " to download");
    }
    const meanings = view.layer === ALL ? [["added", "in the image"], ["wasted", "wasted"]]
      : [["added", "added"], ["changed", "changed"], ["wasted", "useless later"], ["deleted", "hidden by this layer"]];
    get("legend").replaceChildren(...meanings.map(([kind, text]) => make("li", {}, make("span", { class: "fill-" + kind }), text)));
  }

  /* ---- The way to the folder ---- */

  function drawCrumbs() {
    const path = [];
    for (let node = view.node; ; node = parents[node]) {
      path.unshift(node);
      if (!node) break;
    }
    get("crumbs").replaceChildren(...path.map((node) => {
      const text = node ? nameOf(node) : "root";
      if (node === view.node) return make("li", { "aria-current": "page" }, isolated(text));
      return make("li", {}, make("button", { type: "button", click: () => go(view.layer, node) }, isolated(text)));
    }));
    get("up").disabled = view.node === 0;
  }

  /* ---- The treemap ---- */

  /* Lays areas out in a rectangle, in rows that are as square as they can be. `items` are in
   * descending order; gives [item, x, y, width, height]. */
  function squarify(items, areas, x, y, width, height) {
    const places = [];
    let total = areas.reduce((sum, area) => sum + area, 0);
    if (total <= 0 || width <= 0 || height <= 0) return places;
    const scale = width * height / total;
    const worst = (row, side) => {
      const sum = row.reduce((a, b) => a + b, 0), thick = sum / side;
      return Math.max(...row.map((area) => Math.max(thick * thick / area, area / (thick * thick))));
    };
    for (let at = 0; at < items.length;) {
      const side = Math.min(width, height), row = [];
      let best = Infinity, end = at;
      while (end < items.length) {
        row.push(areas[end] * scale);
        const now = worst(row, side);
        if (now > best) {
          row.pop();
          break;
        }
        best = now;
        end++;
      }
      const thick = row.reduce((a, b) => a + b, 0) / side;
      let along = 0;
      for (let i = 0; i < row.length; i++, at++) {
        const length = row[i] / thick;
        places.push(width >= height ? [items[at], x, y + along, thick, length] : [items[at], x + along, y, length, thick]);
        along += length;
      }
      if (width >= height) {
        x += thick;
        width -= thick;
      } else {
        y += thick;
        height -= thick;
      }
    }
    return places;
  }

  const areaOf = (now, node) => now.size[node] + now.hidden[node];

  /* What all of it is; what only a part of it is, is marked on the tile. */
  function colourOf(now, node) {
    if (now.hidden[node] === areaOf(now, node)) return "deleted";
    if (now.wasted[node] === areaOf(now, node)) return "wasted";
    return view.layer !== ALL && now.changed[node] * 2 > now.size[node] ? "changed" : "added";
  }

  function say(now, node) {
    const parts = [nameOf(node), bytes(now.size[node])];
    if (now.wasted[node]) parts.push(bytes(now.wasted[node]) + " wasted");
    if (now.hidden[node]) parts.push(bytes(now.hidden[node]) + " hidden");
    if (isFolder(node)) parts.push(whole(now.files[node]) + " files");
    return parts.join(", ");
  }

  /* Marks a share of a tile, from the bottom. */
  function part(element, kind, from, share) {
    const mark = make("i", { class: kind });
    mark.style.bottom = 100 * from + "%";
    mark.style.height = 100 * share + "%";
    element.append(mark);
  }

  function tile(now, node, [x, y, width, height], isOuter) {
    const element = make("button", {
      type: "button", tabindex: "-1", "data-node": node, title: say(now, node), "aria-label": say(now, node),
      class: "tile " + (isOuter ? "outer" : colourOf(now, node)) + (isFolder(node) ? " folder" : ""),
    });
    Object.assign(element.style, { left: x + "px", top: y + "px", width: width + "px", height: height + "px" });
    if (width > 34 && height > 17) element.append(make("span", { class: "label" }, isolated(nameOf(node) + (isFolder(node) ? "/" : ""))));
    if (width > 44 && height > 36 && !isOuter) element.append(make("span", { class: "size", text: bytes(areaOf(now, node)) }));
    if (!isOuter) {
      const area = areaOf(now, node), colour = colourOf(now, node);
      const hidden = now.hidden[node] / area, wasted = now.wasted[node] / area;
      if (hidden && colour !== "deleted") part(element, "hidden-part", 0, hidden);
      if (wasted && colour !== "wasted") part(element, "wasted-part", hidden, wasted);
    }
    return element;
  }

  function fill(map, now, node, x, y, width, height, depth) {
    let list = children(node).filter((child) => areaOf(now, child) > 0);
    list.sort((a, b) => areaOf(now, b) - areaOf(now, a) || a - b);
    const limit = depth ? Math.max(8, Math.floor(width * height / 1600)) : TILES;
    const rest = list.length > limit ? list.splice(limit) : [];
    const areas = list.map((child) => areaOf(now, child));
    if (rest.length) {
      list.push(-1);
      areas.push(rest.reduce((sum, child) => sum + areaOf(now, child), 0));
    }
    for (const [child, left, top, wide, high] of squarify(list, areas, x, y, width, height)) {
      const box = [left, top, wide, high];
      if (child < 0) {
        const element = make("span", { class: "tile rest", title: whole(rest.length) + " more" });
        if (wide > 60 && high > 18) element.textContent = whole(rest.length) + " more";
        Object.assign(element.style, { left: left + "px", top: top + "px", width: wide + "px", height: high + "px" });
        map.append(element);
        continue;
      }
      const isOuter = isFolder(child) && depth < 3 && wide > 70 && high > 56 && firsts[child] > 0 &&
        children(child).some((inner) => areaOf(now, inner) > 0);
      if (wide < 2 || high < 2) continue;
      map.append(tile(now, child, box, isOuter));
      if (isOuter) fill(map, now, child, left + 3, top + 20, wide - 6, high - 23, depth + 1);
    }
  }

  function drawMap() {
    const now = figuresOf(view.layer), map = get("map"), made = document.createDocumentFragment();
    fill(made, now, view.node, 0, 0, map.clientWidth, map.clientHeight, 0);
    map.replaceChildren(made);
    const first = map.querySelector("button");
    if (first) first.tabIndex = 0;
    else map.append(make("p", { class: "empty", text: "No bytes here" + (view.layer === ALL ? "." : " in this layer.") }));
    get("map-note").textContent = say(now, view.node).replace(/^/, view.node ? "" : "root: ").replace("root: /, ", "root: ");
  }

  /* The tile that is nearest in a direction. */
  function neighbour(from, key) {
    const a = from.getBoundingClientRect(), centre = (box) => [box.left + box.width / 2, box.top + box.height / 2];
    const [x, y] = centre(a);
    let best = null, least = Infinity;
    for (const other of get("map").querySelectorAll("button")) {
      if (other === from) continue;
      const [u, v] = centre(other.getBoundingClientRect());
      const along = { ArrowRight: u - x, ArrowLeft: x - u, ArrowDown: v - y, ArrowUp: y - v }[key];
      const across = key === "ArrowRight" || key === "ArrowLeft" ? Math.abs(v - y) : Math.abs(u - x);
      if (along > 1 && along + 2 * across < least) {
        least = along + 2 * across;
        best = other;
      }
    }
    return best;
  }

  function onMapKey(event) {
    const here = event.target.closest(".tile");
    if (event.key === "Backspace" || event.key === "Escape") {
      if (view.node) go(view.layer, parents[view.node]);
      event.preventDefault();
    } else if (here && event.key.startsWith("Arrow")) {
      const next = neighbour(here, event.key);
      event.preventDefault();
      if (!next) return;
      here.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
  }

  function onMapClick(event) {
    const here = event.target.closest("button.tile");
    if (!here) return;
    /* A file stands for the folder that it is in. */
    const node = isFolder(+here.dataset.node) ? +here.dataset.node : parents[+here.dataset.node];
    if (node !== view.node) go(view.layer, node);
  }

  /* ---- The table ---- */

  const columns = [
    { id: "name", title: "Name" },
    { id: "size", title: "Size", number: true },
    { id: "wasted", title: "Wasted", number: true },
    { id: "changed", title: "Changed", number: true },
    { id: "hidden", title: "Hidden", number: true, layerOnly: true },
    { id: "files", title: "Files", number: true },
    { id: "deleted", title: "Deleted", number: true },
  ];

  const shownColumns = () => columns.filter((column) => view.layer !== ALL || !column.layerOnly);

  function order(now) {
    const sign = view.descending ? -1 : 1;
    if (view.sort === "name") return (a, b) => sign * (names[a - 1] < names[b - 1] ? -1 : names[a - 1] > names[b - 1] ? 1 : 0);
    return (a, b) => sign * (now[view.sort][a] - now[view.sort][b]) || a - b;
  }

  function sortBy(column) {
    view.descending = view.sort === column.id ? !view.descending : Boolean(column.number);
    view.sort = column.id;
    drawTable();
    get("table").querySelector('[data-column="' + column.id + '"] button').focus();
  }

  function cell(now, node, column) {
    const value = now[column.id][node];
    const isBytes = column.id !== "files" && column.id !== "deleted";
    const text = value ? (isBytes ? bytes(value) : whole(value)) : "0";
    return make("td", { class: "number column-" + column.id, "data-value": value, title: isBytes ? whole(value) + " bytes" : undefined },
      value ? text : make("span", { class: "zero", text }));
  }

  function row(now, node) {
    const name = make("td", {});
    if (isFolder(node))
      name.append(make("button", { type: "button", class: "open", click: () => go(view.layer, node) }, isolated(nameOf(node) + "/")));
    else name.append(isolated(nameOf(node)));
    if (now.isGone[node]) name.append(make("span", { class: "tag ink-deleted", text: "deleted" }));
    if (kinds[node] === LINK) name.append(make("span", { class: "tag", text: "link" }));
    if (kinds[node] === NAME) name.append(make("span", { class: "tag", text: "hard link" }));
    return make("tr", { "data-node": node }, name, ...shownColumns().slice(1).map((column) => cell(now, node, column)));
  }

  function drawTable() {
    const now = figuresOf(view.layer), table = get("table");
    if (view.layer === ALL && view.sort === "hidden") view.sort = "size";
    table.querySelector("thead tr").replaceChildren(...shownColumns().map((column) => make("th", {
      scope: "col", class: (column.number ? "number " : "") + "column-" + column.id, "data-column": column.id,
      "aria-sort": view.sort === column.id ? (view.descending ? "descending" : "ascending") : "none",
    }, make("button", { type: "button", text: column.title, click: () => sortBy(column) }))));
    let list = children(view.node);
    if (view.layer !== ALL) list = list.filter((node) => areaOf(now, node) || now.files[node] || now.deleted[node]);
    list.sort(order(now));
    const shown = view.all ? list : list.slice(0, ROWS);
    table.tBodies[0].replaceChildren(...shown.map((node) => row(now, node)));
    get("more").hidden = shown.length === list.length;
    get("more").textContent = "Show all " + whole(list.length);
  }

  /* ---- Waste ---- */

  function drawWaste() {
    const wasted = new Map();
    for (let e = 0; e < eventCount; e++) {
      if (isDeletion(e) || !eventGone(e) || !eventSize(e)) continue;
      const item = wasted.get(eventNode(e)) || { node: eventNode(e), size: 0, times: 0, layers: [] };
      item.size += eventSize(e);
      item.times++;
      item.layers.push(eventLayer(e) + 1);
      wasted.set(item.node, item);
    }
    const list = [...wasted.values()].sort((a, b) => b.size - a.size || a.node - b.node).slice(0, 50);
    get("waste").tBodies[0].replaceChildren(...list.map((item) => make("tr", {},
      make("td", {}, make("button", { type: "button", class: "open", click: () => { go(ALL, parents[item.node]); get("files").focus(); } },
        isolated(pathOf(item.node)))),
      make("td", { class: "number", "data-value": item.size, title: whole(item.size) + " bytes", text: bytes(item.size) }),
      make("td", { class: "number", text: whole(item.times) }),
      make("td", { text: item.layers.join(", ") }))));
    if (!list.length)
      get("waste").tBodies[0].append(make("tr", {}, make("td", { colspan: 4, class: "zero", text: "Nothing is wasted." })));
  }

  /* ---- Beginning ---- */

  function draw() {
    const hadFocus = get("map").contains(document.activeElement);
    drawChosenLayer();
    drawCrumbs();
    drawMap();
    drawTable();
    if (hadFocus) (get("map").querySelector("button") || get("up")).focus();
  }

  let drawn = null;
  function follow() {
    if (drawn !== null && (location.hash === "#files" || location.hash === drawn)) return;
    drawn = location.hash;
    readAddress();
    draw();
  }

  drawHead();
  drawSummary();
  drawLayers();
  drawWaste();
  follow();
  get("map").addEventListener("click", onMapClick);
  get("map").addEventListener("keydown", onMapKey);
  get("up").addEventListener("click", () => view.node && go(view.layer, parents[view.node]));
  get("more").addEventListener("click", () => { view.all = true; drawTable(); });
  window.addEventListener("hashchange", follow);
  let wait = 0;
  window.addEventListener("resize", () => { cancelAnimationFrame(wait); wait = requestAnimationFrame(drawMap); });
})();
