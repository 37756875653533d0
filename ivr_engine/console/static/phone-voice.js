// The browser phone's microphone and loudspeaker. Nothing leaves the microphone but while the engine listens.
(() => {
  "use strict";
  const PATIENCE_MS = 30000;
  const WHY = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none" };
  const SOUND = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };

  const end = (stream, context) => {
    for (const track of stream.getTracks()) track.stop();
    if (context) context.close();
  };

  const build = async (worklet, said, lost) => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
    let context = null, over = false, listening = false;
    const close = () => {
      over = true;
      end(stream, context);
    };
    try {
      context = new AudioContext({ latencyHint: "interactive" });
      await context.audioWorklet.addModule(worklet);
      await context.resume();
      const node = new AudioWorkletNode(context, "telephone", {
        numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1], channelCount: 1, channelCountMode: "explicit",
      });
      node.port.onmessage = (event) => { if (listening) said(event.data); }; // some come after it was told to stop
      node.onprocessorerror = () => over || lost();
      for (const track of stream.getTracks()) track.addEventListener("ended", () => over || lost());
      context.createMediaStreamSource(stream).connect(node).connect(context.destination);
      return {
        listen: (on) => {
          listening = on;
          node.port.postMessage(on);
        },
        hear: (bytes) => node.port.postMessage(bytes),
        close,
      };
    } catch (error) {
      close();
      throw error;
    }
  };

  // The voice of one call: {listen(on), hear(bytes), close()}, `said` is given each frame. Or why there is none: "insecure",
  // "denied", "none", "late" or "failed".
  window.openVoice = async (worklet, said, lost) => {
    if (!window.isSecureContext || !navigator.mediaDevices || !window.AudioWorkletNode) return "insecure";
    let timer = null, late = false;
    const building = build(worklet, said, lost);
    building.then((voice) => late && voice.close(), () => {});
    const waiting = new Promise((resolve) => {
      timer = setTimeout(() => {
        late = true;
        resolve("late");
      }, PATIENCE_MS);
    });
    try {
      return await Promise.race([building, waiting]);
    } catch (error) {
      return WHY[error.name] || "failed";
    } finally {
      clearTimeout(timer);
    }
  };
})();
