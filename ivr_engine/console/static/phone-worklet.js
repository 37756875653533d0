// The browser phone's sound, in the audio thread: the microphone as frames of 20 ms (8 kHz, 16 bit) to the page while it listens,
// and such frames from the page to the loudspeaker.
"use strict";

const TELEPHONE = 8000, FRAME = 160, AHEAD_S = 0.06, MOST_AHEAD_S = 0.4, ZEROS = 10, PASS = 0.9;

// Another sample rate, exactly: a sinc under a Hann window for each of the places that an output may have between two inputs.
class Resampler {
  constructor(from, to) {
    const divide = (a, b) => (b ? divide(b, a % b) : a), common = divide(from, to);
    this.step = from / common;
    this.phases = to / common;
    const cutoff = PASS * Math.min(1, to / from), half = Math.ceil(ZEROS / cutoff);
    this.taps = 2 * half;
    this.kernels = Array.from({ length: this.phases }, (_, phase) => {
      const kernel = Float32Array.from({ length: this.taps }, (_, tap) => {
        const at = tap - (half - 1) - phase / this.phases, x = Math.PI * cutoff * at;
        return (Math.abs(x) < 1e-9 ? 1 : Math.sin(x) / x) * (0.5 + 0.5 * Math.cos((Math.PI * at) / half));
      });
      const sum = kernel.reduce((a, b) => a + b);
      return kernel.map((value) => value / sum);
    });
    this.reset();
  }

  reset() {
    this.rest = new Float32Array(this.taps / 2);
    this.at = this.phase = 0;
  }

  push(input) {
    const all = new Float32Array(this.rest.length + input.length), output = [];
    all.set(this.rest);
    all.set(input, this.rest.length);
    while (this.at + this.taps <= all.length) {
      const kernel = this.kernels[this.phase];
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap++) sum += kernel[tap] * all[this.at + tap];
      output.push(sum);
      this.phase += this.step;
      this.at += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const used = Math.min(this.at, all.length);
    this.rest = all.slice(used);
    this.at -= used;
    return output;
  }
}

class Telephone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.down = new Resampler(sampleRate, TELEPHONE);
    this.up = new Resampler(TELEPHONE, sampleRate);
    this.listen(false);
    this.port.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.hear(new Int16Array(data));
      else this.listen(data);
    };
  }

  listen(on) {
    this.on = on;
    this.down.reset();
    this.up.reset();
    this.said = [];
    this.heard = []; // samples that wait for the loudspeaker
    this.playing = false;
  }

  hear(samples) {
    if (!this.on) return;
    for (const sample of this.up.push(Float32Array.from(samples, (value) => value / 32768))) this.heard.push(sample);
    if (this.heard.length > MOST_AHEAD_S * sampleRate) this.heard.splice(0, this.heard.length - AHEAD_S * sampleRate);
    this.playing = this.playing || this.heard.length >= AHEAD_S * sampleRate;
  }

  process([input], [[output]]) {
    if (this.playing) {
      output.set(this.heard.splice(0, output.length));
      this.playing = this.heard.length > 0;
    }
    if (this.on && input.length) {
      for (const sample of this.down.push(input[0])) this.said.push(sample);
      while (this.said.length >= FRAME) {
        const frame = Int16Array.from(this.said.splice(0, FRAME), (value) =>
          Math.round(Math.max(-1, Math.min(1, value)) * 32767));
        this.port.postMessage(frame.buffer, [frame.buffer]);
      }
    }
    return true;
  }
}

registerProcessor("telephone", Telephone);
