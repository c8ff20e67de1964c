// Small parts that several views share.
import { html, useEffect, useRef, useState } from "./html.js";

// Run one thing at a time; remember that it runs and what went wrong. Answers may overtake each other:
// a run that a newer one followed returns undefined, as one that failed, and changes nothing that is shown.
export function useTask() {
  const [state, setState] = useState({ busy: "", error: "" });
  const newest = useRef();
  const run = async (label, work) => {
    const begun = (newest.current = {});
    const end = (error, result) => {
      if (newest.current !== begun) return undefined;
      setState({ busy: "", error });
      return result;
    };
    setState({ busy: label, error: "" });
    try {
      return end("", await work());
    } catch (error) {
      return end(error.name === "AbortError" ? "" : error.message);
    }
  };
  return { ...state, run, fail: (error) => setState({ busy: "", error }) };
}

// A ref: what is shown anew takes the focus, so that the keyboard goes on from there.
export function focused(element) {
  element?.focus();
}

// A ref: what is shown anew comes into sight.
export function inSight(element) {
  element?.scrollIntoView({ block: "nearest" });
}

export function Trouble({ text }) {
  return html`<div role="alert">${text && html`<p class="trouble">${text}</p>`}</div>`;
}

export function Busy({ text, onCancel }) {
  return html`<div role="status" class="busy-place">
    ${text &&
    html`<p class="busy">
      <progress aria-label=${text}></progress><span>${text}</span>
      ${onCancel && html`<button type="button" class="quiet" onClick=${onCancel}>Cancel</button>`}
    </p>`}
  </div>`;
}

export function Facts({ of: rows, label }) {
  const shown = rows.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return html`<dl class="facts" aria-label=${label}>
    ${shown.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

// A modal question. `grave`: what is done cannot be undone; `word`: what must be typed before.
export function Confirm({ title, action, grave, word, onYes, onNo, children }) {
  const dialog = useRef();
  const [typed, setTyped] = useState("");
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    // The way out, or what is to be typed, rather than the deed.
    dialog.current.querySelector("input, .quiet").focus();
    return () => before?.isConnected && before.focus();
  }, []);
  const answered = (event) => {
    event.preventDefault();
    onYes();
  };
  return html`<dialog ref=${dialog} aria-labelledby="confirm-title" onClose=${onNo}>
    <form onSubmit=${answered}>
      <h2 id="confirm-title">${title}</h2>
      ${children}
      ${word &&
      html`<label class="field">
        <span>Type <strong>${word}</strong> to go on</span>
        <input value=${typed} onInput=${(event) => setTyped(event.target.value)} autocomplete="off" />
      </label>`}
      <p class="actions">
        <button type="submit" class=${grave ? "danger" : "primary"} disabled=${word && typed !== word}>${action}</button>
        <button type="button" class="quiet" onClick=${() => dialog.current.close()}>
          Cancel
        </button>
      </p>
    </form>
  </dialog>`;
}

export function saveAs(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function Unknown({ user }) {
  return html`<div class="empty">
    <h2>Nothing is remembered of ${user} yet</h2>
    <p>Drop a history file or tell something; then come back here.</p>
    <p><a class="button" href="#teach">Teach the memory</a></p>
  </div>`;
}
