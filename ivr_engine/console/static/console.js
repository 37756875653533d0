// The live feed and htmx's manners. Messages: {"kind", "target"?, "html"?, ...}; each becomes the event live-<kind> on the body,
// and what is no text the event live-bytes.
(() => {
  "use strict";
  const FIRST_WAIT = 300, LONGEST_WAIT = 5000, MOST_BEHIND = 1 << 15;
  let socket = null, wait = FIRST_WAIT, before = false;

  const state = () => document.getElementById("live-state");
  const show = (on) => {
    const place = state();
    if (!place) return;
    place.textContent = on ? place.dataset.on : place.dataset.off;
    place.classList.toggle("off", !on);
  };

  const tell = (kind, detail) => document.body.dispatchEvent(new CustomEvent("live-" + kind, { detail }));

  const take = (message) => {
    if (message.target && typeof message.html === "string") {
      const place = document.getElementById(message.target);
      if (place) {
        place.innerHTML = message.html;
        htmx.process(place);
      }
    }
    tell(message.kind, message);
  };

  const connect = () => {
    socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/live");
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT;
      show(true);
      tell("connected", { again: before });
      before = true;
    });
    socket.addEventListener("message", (event) => {
      if (typeof event.data === "string") take(JSON.parse(event.data));
      else tell("bytes", event.data);
    });
    socket.addEventListener("close", () => {
      show(false);
      setTimeout(connect, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  };

  // For pages' own scripts: say something to the engine; false when there is no connection.
  window.live = {
    say: (kind, fields) => {
      if (!socket || socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify({ kind, ...fields }));
      return true;
    },
    // Sound: what cannot leave now would come too late.
    sendBytes: (bytes) => {
      if (socket && socket.readyState === WebSocket.OPEN && socket.bufferedAmount < MOST_BEHIND) socket.send(bytes);
    },
    // Said politely by screen readers.
    announce: (text) => {
      const place = document.getElementById("announce");
      if (place) place.textContent = text;
    },
  };

  document.addEventListener("DOMContentLoaded", () => {
    const csrf = document.querySelector('meta[name="csrf"]');
    document.body.addEventListener("htmx:configRequest", (event) => {
      if (csrf) event.detail.headers["X-CSRF-Token"] = csrf.content;
    });
    if (csrf) {
      window.addEventListener("offline", () => socket && socket.close());
      window.addEventListener("online", () => { wait = FIRST_WAIT; });
      connect();
    }
  });
})();
