"use strict";
(() => {
  const events = document.body.dataset.events;
  if (!events) return;
  const note = document.getElementById("connection"), said = document.getElementById("said");
  const drawn = new Map();
  let state = document.body.dataset.state, source = null, polling = 0, reading = false, again = false;
  const parts = root => root.querySelectorAll("[data-part]");
  for (const part of parts(document)) drawn.set(part.id, part.outerHTML);

  function say(text) { if (text && said.textContent !== text) said.textContent = text; }

  function swap(fresh) {
    const old = document.getElementById(fresh.id), html = fresh.outerHTML;
    if (!old || drawn.get(fresh.id) === html) return;
    drawn.set(fresh.id, html);
    const open = [...old.querySelectorAll("details[open]")].map(each => each.id);
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const node = document.importNode(fresh, true);
    for (const each of node.querySelectorAll("details")) if (open.includes(each.id)) each.open = true;
    old.replaceWith(node);
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    if (node.id === "now") say(node.dataset.said);
  }

  function parsed(text) { return new DOMParser().parseFromString(text, "text/html"); }

  async function read() {
    if (reading) { again = true; return; }
    reading = true;
    try {
      do {
        again = false;
        const answer = await fetch(location.pathname, { cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        const page = parsed(await answer.text());
        for (const part of parts(page)) swap(part);
        document.title = page.title;
        state = page.body.dataset.state || state;
        note.hidden = true;
      } while (again);
    } catch (error) {
      note.hidden = false;
    } finally {
      reading = false;
    }
  }

  function poll(on) {
    clearInterval(polling);
    polling = on ? setInterval(() => { if (!document.hidden) read(); }, 10000) : 0;
  }

  function watch() {
    source?.close();
    poll(false);
    source = new EventSource(events + "?state=" + encodeURIComponent(state));
    source.addEventListener("open", () => { note.hidden = true; });
    source.addEventListener("now", event => {
      state = event.lastEventId;
      for (const part of parts(parsed(event.data))) swap(part);
    });
    source.addEventListener("page", () => { read(); });
    source.addEventListener("error", () => {
      note.hidden = false;
      if (source.readyState === EventSource.CLOSED) { poll(true); read(); }
    });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); poll(false); } else { watch(); }
  });
  watch();
})();
