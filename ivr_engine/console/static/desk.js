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
    document.body.addEventListener("live-connected", look);
  });
})();
