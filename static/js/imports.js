// Sends files for an import: dropped or chosen, stripped in this browser, in pieces that go on
// after a dropped line. Without script the same form sends them at once.
"use strict";

(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form || !window.Worker || !window.TextDecoder) return;

  const rules = JSON.parse(form.dataset.rules);
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector("[data-chosen]");
  const panel = form.querySelector("[data-sending]");
  const bar = panel.querySelector("progress");
  const label = panel.querySelector("label");
  const text = panel.querySelector(".gauge-text .muted");
  const send = form.querySelector("button[type=submit]");
  const resume = panel.querySelector("[data-resume]");
  const stop = panel.querySelector("[data-stop]");
  const WAITS = [1, 2, 4, 8, 16]; // seconds before a piece is sent again

  let blobs = null;
  let upload = null; // what the server said of it
  let request = null;
  let worker = null;
  let busy = false;

  const say = (id, words) => {
    const node = document.getElementById(id);
    if (node.textContent !== words) node.textContent = words;
  };

  function size(bytes) {
    if (bytes < 1e3) return `${bytes} bytes`;
    const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, "KB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
    return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
  }

  function left(seconds) {
    if (!Number.isFinite(seconds)) return "";
    if (seconds < 60) return `, about ${Math.max(Math.round(seconds / 5) * 5, 5)} seconds left`;
    const minutes = Math.round(seconds / 60);
    return `, about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
  }

  function show(stage, value, most, words) {
    panel.hidden = false;
    label.textContent = stage;
    if (value === null) bar.removeAttribute("value");
    else {
      bar.max = most || 1;
      bar.value = value;
    }
    text.textContent = words;
  }

  // What was chosen, in words and with sizes, before anything is sent.
  function chosen() {
    const files = [...input.files];
    list.replaceChildren(
      ...files.map((file) => {
        const item = document.createElement("li");
        const name = document.createElement("bdi");
        name.textContent = file.name;
        item.append(name, ` ${size(file.size)}`);
        return item;
      }),
    );
    if (!files.length) return;
    const total = files.reduce((sum, file) => sum + file.size, 0);
    say("status", `${files.length} ${files.length === 1 ? "file" : "files"} chosen, ${size(total)}`);
    // A form that was reset while files were chosen holds an upload that is of others.
    blobs = null;
  }

  input.addEventListener("change", chosen);

  // Dropping works all over the card.
  const area = form.closest("section");
  let depth = 0;
  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  area.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event) || busy) return;
    depth += 1;
    area.classList.add("import-drop-over");
  });
  area.addEventListener("dragleave", () => {
    depth = Math.max(depth - 1, 0);
    if (!depth) area.classList.remove("import-drop-over");
  });
  area.addEventListener("dragover", (event) => {
    if (holdsFiles(event) && !busy) event.preventDefault();
  });
  area.addEventListener("drop", (event) => {
    if (!holdsFiles(event) || busy) return;
    event.preventDefault();
    depth = 0;
    area.classList.remove("import-drop-over");
    input.files = event.dataTransfer.files;
    chosen();
    send.focus();
  });

  const warn = (event) => event.preventDefault();

  function working(on) {
    busy = on;
    input.disabled = on;
    send.hidden = on;
    stop.hidden = !on;
    resume.hidden = true;
    if (on) window.addEventListener("beforeunload", warn);
    else window.removeEventListener("beforeunload", warn);
  }

  function fail(words) {
    working(false);
    panel.hidden = true;
    say("alert", words);
  }

  function strip(files) {
    return new Promise((resolve, reject) => {
      worker = new Worker(form.dataset.worker);
      worker.onmessage = ({ data }) => {
        if (data.blobs) resolve(data.blobs);
        else if (data.failed) reject(new Error(data.failed));
        else {
          const percent = Math.floor((100 * data.done) / Math.max(data.total, 1));
          show("Taking out network addresses and user names", data.done, data.total, `${percent} %`);
        }
      };
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage({ files, rules, fflate: new URL(form.dataset.fflate, location.href).href });
    }).finally(() => {
      worker.terminate();
      worker = null;
    });
  }

  async function announce(files) {
    const body = new URLSearchParams();
    files.forEach((file, number) => {
      body.append("name", file.name);
      body.append("size", blobs[number].size);
      body.append("stamp", `${file.size}-${file.lastModified}`);
    });
    const answer = await fetch(form.dataset.announce, {
      method: "POST",
      body,
      headers: { "X-CSRFToken": form.elements.csrf_token.value },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect") {
      window.removeEventListener("beforeunload", warn);
      location.assign(form.dataset.confirm);
      return new Promise(() => {});
    }
    if (!answer.ok) throw Object.assign(new Error(await answer.text()), { status: answer.status });
    return answer.json();
  }

  // One piece; how many bytes of its file have arrived then.
  function piece(address, blob, progress) {
    return new Promise((resolve, reject) => {
      request = new XMLHttpRequest();
      request.open("POST", address);
      request.setRequestHeader("X-CSRFToken", form.elements.csrf_token.value);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.timeout = 120_000;
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onload = () => {
        if (request.status === 200) resolve(JSON.parse(request.responseText).received);
        else reject(Object.assign(new Error(request.responseText), { status: request.status }));
      };
      request.onerror = request.ontimeout = () => reject(Object.assign(new Error(), { status: 0 }));
      request.onabort = () => reject(Object.assign(new Error(), { stopped: true }));
      request.send(blob);
    });
  }

  const passing = (status) => status === 0 || status === 429 || status >= 500;

  async function patiently(attempt) {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (error.stopped || !passing(error.status ?? 0) || tries === WAITS.length) throw error;
        text.textContent = `The line dropped. Trying again in ${WAITS[tries]} s.`;
        await new Promise((go) => {
          const timer = setTimeout(go, WAITS[tries] * 1000);
          window.addEventListener("online", () => (clearTimeout(timer), go()), { once: true });
        });
      }
    }
  }

  async function transfer(files) {
    const total = blobs.reduce((sum, blob) => sum + blob.size, 0);
    upload = await patiently(() => announce(files));
    if (!busy) {
      await discard();
      throw Object.assign(new Error(), { stopped: true });
    }
    const began = performance.now();
    const before = upload.files.reduce((sum, file) => sum + file.received, 0);
    let whole = 0;
    for (const [number, blob] of blobs.entries()) {
      let at = upload.files[number].received;
      while (at < blob.size) {
        const from = at;
        const progress = (loaded) => {
          const sent = Math.min(whole + from + loaded, total);
          const speed = (sent - before) / ((performance.now() - began) / 1000);
          show("Sending", sent, total, `${size(sent)} of ${size(total)}${left((total - sent) / speed)}`);
        };
        progress(0);
        const address = `${upload.files[number].url}?offset=${from}`;
        at = await patiently(() => piece(address, blob.slice(from, from + upload.piece), progress));
      }
      whole += blob.size;
    }
    show("Sending", total, total, `${size(total)}, all of it`);
    const answer = await patiently(async () => {
      const headers = { "X-CSRFToken": form.elements.csrf_token.value };
      const said = await fetch(upload.arrived, { method: "POST", headers });
      if (!said.ok) throw Object.assign(new Error(await said.text()), { status: said.status });
      return said.json();
    });
    window.removeEventListener("beforeunload", warn);
    location.assign(answer.url);
  }

  async function discard() {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    await fetch(upload.discard, { method: "POST", headers, redirect: "manual" }).catch(() => {});
    upload = null;
  }

  async function start() {
    const files = [...input.files];
    say("alert", "");
    working(true);
    if (!blobs) {
      show("Taking out network addresses and user names", null, 1, "");
      try {
        blobs = await strip(files);
      } catch {
        if (!busy) return;
        const total = files.reduce((sum, file) => sum + file.size, 0);
        if (total > Number(form.dataset.most)) {
          fail("This browser cannot look through these files, and they are too large to send as they are. Unpack the zip and send fewer files at once.");
          return;
        }
        // The server takes out what is personal before it keeps anything.
        window.removeEventListener("beforeunload", warn);
        show("Sending", null, 1, "The server takes out what is personal");
        input.disabled = false;
        form.submit();
        return;
      }
    }
    if (!busy) return;
    say("status", "Sending");
    try {
      await transfer(files);
    } catch (error) {
      if (error.stopped || !busy) return;
      if (passing(error.status ?? 0)) {
        working(false);
        panel.hidden = false;
        send.hidden = true;
        input.disabled = true;
        resume.hidden = false;
        stop.hidden = false;
        text.textContent = "The line dropped. What has arrived is kept for a day.";
        say("alert", "The line dropped. Go on when it is back; nothing has to be sent twice.");
        resume.focus();
      } else {
        fail(error.message.length < 300 && error.message[0] !== "<" ? error.message : "The server did not take the files. Reload the page and try again.");
      }
    }
  }

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    if (!busy) start();
  });
  resume.addEventListener("click", start);
  stop.addEventListener("click", async () => {
    working(false);
    if (worker) worker.terminate();
    if (request) request.abort();
    worker = null;
    if (upload) await discard();
    panel.hidden = true;
    say("status", "Stopped. Nothing was kept.");
    send.focus();
  });
})();
