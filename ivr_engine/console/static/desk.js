// The desk: a screen-pop tells that it was painted, announces itself politely, and never takes the focus.
(() => {
  "use strict";
  const title = document.title;
  let told = "";

  const look = () => {
    const card = document.querySelector(".desk-card");
    const contact = card ? card.dataset.contact : "";
    const ringing = card !== null && card.dataset.state === "ringing";
    document.title = ringing ? "☎ " + card.dataset.announce : title;
    if (!contact || contact === told) return;
    told = contact;
    if (ringing) window.live.announce(card.dataset.announce);
    // Two frames later it has been painted.
    requestAnimationFrame(() => requestAnimationFrame(() => window.live.say("pop-shown", { contact })));
  };

  // What is typed while the engine is away would go with its card: it comes back with it, unless something was sent meanwhile.
  const typed = new Map();
  const keep = (event) => {
    if (/^(note|subject)-/.test(event.target.id)) typed.set(event.target.id, event.target.value);
  };
  const sent = (event) => {
    const request = event.detail.requestConfig;
    if (event.detail.successful && request.verb === "post" && request.path !== "/desk/draft") typed.clear();
  };
  const restore = () => {
    for (const [id, value] of typed) {
      const field = document.getElementById(id);
      if (!field || field.value || !value) continue;
      field.value = value;
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  };

  // A field that is kept as it was (hx-preserve) learns here what is wrong with it; the first such has the focus when all was sent.
  const check = (event) => {
    const fields = [...document.querySelectorAll("#call [aria-describedby]")];
    const mistaken = fields.filter((field) => document.getElementById(field.getAttribute("aria-describedby")));
    for (const field of fields) field.setAttribute("aria-invalid", mistaken.includes(field));
    if (event.detail.xhr.status === 422 && mistaken.length) mistaken[0].focus();
  };

  // Alt and a key, as each button says: letters alone belong to whoever is typing.
  const press = (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const name = event.code.replace(/^(Key|Digit|Numpad)/, "");
    if (!/^[A-Z0-9]$/.test(name)) return;
    const button = document.querySelector('[aria-keyshortcuts="Alt+' + name + '"]');
    if (!button) return;
    event.preventDefault();
    if (button.tagName === "INPUT") button.focus();
    else button.click();
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("keydown", press);
    document.body.addEventListener("htmx:afterSettle", look);
    document.body.addEventListener("htmx:afterSettle", check);
    document.body.addEventListener("htmx:afterSettle", restore);
    document.body.addEventListener("htmx:afterRequest", sent);
    document.body.addEventListener("input", keep);
    document.body.addEventListener("live-connected", look);
  });
})();
