// The browser phone: sounds come one after the other from the engine's clock; a new one, a key or the end stops the last.
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const phone = document.getElementById("phone"), said = document.getElementById("said");
    const state = document.getElementById("phone-state"), dial = document.getElementById("dial");
    const hangUp = document.getElementById("hang-up"), keys = [...document.querySelectorAll("[data-key]")];
    let sound = null, calling = false;

    const quiet = () => {
      if (sound) sound.pause();
      sound = null;
    };
    const line = (text, kind) => {
      const entry = document.createElement("li");
      entry.textContent = text;
      entry.className = "phone-" + kind;
      said.append(entry);
      entry.scrollIntoView({ block: "nearest" });
    };
    const call = (on, text) => {
      calling = on;
      dial.disabled = on;
      hangUp.disabled = !on;
      for (const key of keys) key.disabled = !on;
      state.textContent = text;
      if (!on) quiet();
    };
    const press = (key) => {
      if (calling) window.live.say("phone-key", { key });
    };
    const on = (kind, handler) => document.body.addEventListener("live-phone-" + kind, (event) => handler(event.detail));

    dial.addEventListener("click", () => {
      said.replaceChildren();
      const number = document.getElementById("number").value, from = document.getElementById("from").value;
      if (window.live.say("phone-dial", { number, from })) call(true, phone.dataset.ringing);
      else state.textContent = phone.dataset.lost;
    });
    hangUp.addEventListener("click", () => window.live.say("phone-hang-up", {}));
    for (const key of keys) key.addEventListener("click", () => press(key.dataset.key));
    document.addEventListener("keydown", (event) => {
      const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
      if (!typing && !event.altKey && !event.ctrlKey && /^[0-9*#]$/.test(event.key)) press(event.key);
    });

    on("sound", (message) => {
      quiet();
      line(message.text, "said");
      sound = new Audio(message.url);
      sound.play().catch(() => {});
    });
    on("key", (message) => {
      if (message.taken) quiet();
      line(phone.dataset.you + " " + message.key, "key");
    });
    on("queue", () => { state.textContent = phone.dataset.queue; });
    on("talk", (message) => { quiet(); state.textContent = phone.dataset.talk + " " + message.operator; });
    on("over", () => call(false, phone.dataset.over));
    on("refused", (message) => call(false, message.why));
    document.body.addEventListener("live-connected", () => { if (calling) call(false, phone.dataset.lost); });
  });
})();
