// The live feed and htmx's manners. Messages: {"kind", "target"?, "html"?, ...}; each becomes the event live-<kind> on the body,
// and what is no text the event live-bytes.
(() => {
  "use strict";
  const FIRST_WAIT = 300, LONGEST_WAIT = 5000, MOST_BEHIND = 1 << 15;
  let socket = null, wait = FIRST_WAIT, before = false, over = false;

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

  // A WebSocket's refusal bears no reason: is there no session any more, or no link?
  const again = async () => {
    const asked = await fetch("/live", { signal: AbortSignal.timeout(LONGEST_WAIT) }).catch(() => ({ status: 0 }));
    if (asked.status === 401) tell("over");
    else connect();
  };

  const connect = () => {
    if (over) return;
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
      if (over) return;
      setTimeout(again, wait * (0.75 + Math.random() / 2));
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

  // What the server said instead of what was asked for; "" when it is no page of that kind.
  const problem = (answer) => {
    const found = new DOMParser().parseFromString(answer, "text/html").getElementById("problem");
    return found ? [...found.children].map((part) => part.textContent).join(". ") : "";
  };

  // A request of htmx that fails is told above the page, until it is made again and does not, or the next form is sent.
  const watchRequests = (place) => {
    let failed = "";
    const show = (path, why) => {
      if (over) return;
      failed = path;
      if (place.textContent !== why) place.textContent = why; // the same again, every two seconds, is not read again
    };
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      const { elt, xhr, pathInfo } = event.detail;
      if (over) event.preventDefault();
      if (elt.tagName === "FORM") show("", "");
      for (const kind of ["error", "timeout"]) xhr.addEventListener(kind, () => show(pathInfo.requestPath, place.dataset.lost));
    });
    document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
      const { status, responseText } = detail.xhr, path = detail.pathInfo.requestPath;
      if (status === 401) tell("over");
      const why = status < 400 ? "" : problem(responseText);
      if (status < 400 && path === failed) show("", "");
      if (status < 400 || (status === 422 && !why)) return; // the form again, with its mistakes
      detail.shouldSwap = false;
      show(path, why || place.dataset.failed);
    });
  };

  // A session that is over takes nothing with it: the page stays as it is, and sends nothing, for the answer would replace it.
  const watchSession = (place) => {
    document.body.addEventListener("live-over", () => {
      over = true;
      socket.close();
      document.body.classList.add("console-over");
      const link = document.createElement("a");
      link.href = place.dataset.signIn;
      link.textContent = place.dataset.over;
      place.replaceChildren(link);
    });
    document.addEventListener("submit", (event) => {
      if (!over) return;
      event.preventDefault();
      event.stopPropagation();
      tell("over"); // said once more to whoever tries
    }, true);
  };

  document.addEventListener("DOMContentLoaded", () => {
    const csrf = document.querySelector('meta[name="csrf"]');
    document.body.addEventListener("htmx:configRequest", (event) => {
      if (csrf) event.detail.headers["X-CSRF-Token"] = csrf.content;
    });
    watchRequests(document.getElementById("failure"));
    watchSession(document.getElementById("failure"));
    // What came again as it was stays: an alarm is not read twice.
    document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
      if (detail.fragment.innerHTML === detail.target.innerHTML) detail.shouldSwap = false;
    });
    if (csrf) {
      window.addEventListener("offline", () => socket && socket.close());
      window.addEventListener("online", () => { wait = FIRST_WAIT; });
      connect();
    }
  });
})();
