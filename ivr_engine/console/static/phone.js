// The browser phone: sounds come one after the other from the engine's clock; a new one, a key or the end stops the last.
// Whoever gives a microphone hears and speaks in conversations too (phone-voice.js).
(() => {
  "use strict";
  document.addEventListener("DOMContentLoaded", () => {
    const phone = document.getElementById("phone"), said = document.getElementById("said");
    const state = document.getElementById("phone-state"), dial = document.getElementById("dial");
    const hangUp = document.getElementById("hang-up"), keys = [...document.querySelectorAll("[data-key]")];
    const wished = document.getElementById("voice"), open = document.getElementById("phone-open");
    let sound = null, calling = false, asking = false, voice = null;

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
    const conversation = (on) => {
      if (voice) voice.listen(on);
      if (open) open.hidden = !(on && voice);
    };
    const silence = (why) => {
      conversation(false);
      if (voice) voice.close();
      voice = null;
      if (why) line(phone.dataset["voice" + why[0].toUpperCase() + why.slice(1)], "key");
    };
    const call = (on, text) => {
      calling = on;
      asking = false;
      dial.disabled = on;
      hangUp.disabled = !on;
      if (wished) wished.disabled = on;
      for (const key of keys) key.disabled = !on;
      state.textContent = text;
      if (!on) {
        quiet();
        silence("");
      }
    };
    const press = (key) => {
      if (calling) window.live.say("phone-key", { key });
    };
    const on = (kind, handler) => document.body.addEventListener("live-" + kind, (event) => handler(event.detail));

    const lost = () => {
      if (!voice) return;
      silence("failed");
      window.live.say("phone-mute", {});
    };
    const ask = async () => {
      if (!wished || !wished.checked) return;
      state.textContent = phone.dataset.asking;
      asking = dial.disabled = true;
      hangUp.disabled = false;
      const opened = await window.openVoice(phone.dataset.worklet, window.live.sendBytes, lost);
      if (typeof opened === "string") {
        if (asking) silence(opened);
      } else if (asking) voice = opened;
      else opened.close(); // hung up meanwhile
    };

    dial.addEventListener("click", async () => {
      said.replaceChildren();
      const asked = wished && wished.checked;
      await ask();
      if (asked && !asking) return;
      const number = document.getElementById("number").value, from = document.getElementById("from").value;
      const language = document.documentElement.lang;
      if (window.live.say("phone-dial", { number, from, language, voice: voice !== null })) call(true, phone.dataset.ringing);
      else call(false, phone.dataset.lost);
    });
    hangUp.addEventListener("click", () => {
      if (calling) window.live.say("phone-hang-up", {});
      else call(false, phone.dataset.over);
    });
    for (const key of keys) key.addEventListener("click", () => press(key.dataset.key));
    document.addEventListener("keydown", (event) => {
      const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
      if (!typing && !event.altKey && !event.ctrlKey && /^[0-9*#]$/.test(event.key)) press(event.key);
    });

    on("phone-sound", (message) => {
      quiet();
      line(message.text, "said");
      sound = new Audio(message.url);
      sound.play().catch(() => {});
    });
    on("phone-conversation", (message) => {
      quiet();
      for (const text of message.texts) line(text, "said");
      conversation(message.on);
    });
    on("bytes", (bytes) => { if (voice) voice.hear(bytes); });
    on("phone-voiceless", () => silence("failed"));
    on("phone-key", (message) => {
      if (message.taken) quiet();
      line(phone.dataset.you + " " + message.key, "key");
    });
    on("phone-queue", () => { state.textContent = phone.dataset.queue; });
    on("phone-talk", (message) => { quiet(); state.textContent = phone.dataset.talk + " " + message.operator; });
    on("phone-over", () => call(false, phone.dataset.over));
    on("phone-refused", (message) => call(false, message.why));
    for (const kind of ["connected", "over"]) on(kind, () => { if (calling) call(false, phone.dataset.lost); });
  });
})();
