// One message to both: with the memory and without it, side by side, as the answers come.
import { Busy, Trouble, focused, useTask } from "./parts.js";
import { bytes, count, nameAt, percent, seconds } from "./format.js";
import { html, useEffect, useRef, useState } from "./html.js";

const SIDES = [
  ["memory", "With memory"],
  ["no-memory", "Without memory"],
];
const BEGUN = { text: "", state: "waiting" };

export function Chat({ api, user, server, summary, refresh, turns, setTurns }) {
  const [text, setText] = useState("");
  const [longest, setLongest] = useState(Math.min(64, server.max_tokens));
  const [earlier, setEarlier] = useState(true);
  const [running, setRunning] = useState(null);
  const [said, setSaid] = useState("");
  const alive = useRef(true);
  useEffect(() => () => (alive.current = false), []);
  useEffect(() => () => running?.abort(), [running]);
  useFollowing(turns);

  const change = (id, made) =>
    setTurns((now) => now.map((turn) => (turn.id === id ? { ...turn, ...made(turn) } : turn)));

  const answer = async (turn, mode, signal) => {
    const put = (more) =>
      change(turn.id, (now) => ({ sides: { ...now.sides, [mode]: { ...now.sides[mode], ...more } } }));
    const begin = performance.now();
    const messages = [...(earlier ? spoken(turns, mode) : []), { role: "user", content: turn.text }];
    let whole = "";
    try {
      const asked = { model: server.model, user, memory: mode, messages, max_tokens: longest, remember: false };
      for await (const event of api.chat(asked, signal)) {
        const piece = event.choices[0]?.delta.content;
        if (piece && !whole) put({ first: (performance.now() - begin) / 1000 });
        if (piece) put({ text: (whole += piece), state: "coming" });
        if (event.usage) put({ usage: event.usage });
      }
      put({ state: "done", seconds: (performance.now() - begin) / 1000 });
    } catch (error) {
      put({ state: "failed", error: error.name === "AbortError" ? "Stopped." : error.message });
    }
    return whole.trim();
  };

  const send = async (event) => {
    event?.preventDefault();
    if (!text.trim() || running) return;
    const turn = {
      id: turns.length,
      text: text.trim(),
      sides: Object.fromEntries(SIDES.map(([mode]) => [mode, BEGUN])),
    };
    const control = new AbortController();
    setTurns((now) => [...now, turn]);
    setText("");
    setSaid("Answering with memory, then without.");
    setRunning(control);
    // One after the other: in one batch each would wait for the longer, and no time could be compared.
    const made = [];
    for (const [mode] of SIDES) made.push(await answer(turn, mode, control.signal));
    if (!alive.current) return;
    setRunning(null);
    setSaid(SIDES.map(([, label], side) => `${label}: ${made[side] || "no answer"}.`).join(" "));
    if (summary && !control.signal.aborted) {
      const read = await api.explain(user, turn.text).catch(() => null);
      if (read) change(turn.id, () => ({ read, version: summary.version }));
    }
  };

  const pressed = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  };
  return html`
    <h1 class="visually-hidden">Chat</h1>
    ${!turns.length && html`<${Welcome} user=${user} summary=${summary} />`}
    <div class="turns">
      ${turns.map((turn) => html`<${Exchange} key=${turn.id} turn=${turn} />`)}
    </div>
    <p class="visually-hidden" aria-live="polite">${said}</p>
    ${!!turns.length && !running &&
    html`<${Keep} api=${api} user=${user} turns=${turns} refresh=${refresh} />`}
    <form class="composer" onSubmit=${send}>
      <label class="visually-hidden" for="message">Message</label>
      <textarea id="message" rows="2" ref=${focused} value=${text} placeholder="Ask both …"
        onInput=${(event) => setText(event.target.value)} onKeyDown=${pressed}></textarea>
      ${running
        ? html`<button type="button" class="primary" onClick=${() => running.abort()}>Stop</button>`
        : html`<button type="submit" class="primary" disabled=${!text.trim()}>Ask</button>`}
      <div class="options">
        <label>Longest answer
          <input type="number" min="1" max=${server.max_tokens} value=${longest}
            onChange=${(event) => setLongest(clamp(event.target.value, server.max_tokens))} /> tokens</label>
        <label><input type="checkbox" checked=${earlier}
          onChange=${(event) => setEarlier(event.target.checked)} /> Send earlier turns too</label>
        <span class="dim hint">Enter asks, Shift + Enter starts a new line</span>
      </div>
    </form>
  `;
}

// Keep the newest answer in sight, unless the reader has scrolled away from it.
function useFollowing(turns) {
  const page = document.documentElement;
  const atEnd = useRef(true);
  useEffect(() => {
    const scrolled = () => (atEnd.current = page.scrollHeight - innerHeight - scrollY < 80);
    addEventListener("scroll", scrolled, { passive: true });
    return () => removeEventListener("scroll", scrolled);
  }, []);
  useEffect(() => {
    atEnd.current = true;
  }, [turns.length]);
  useEffect(() => {
    if (turns.length && atEnd.current) scrollTo({ top: page.scrollHeight });
  }, [turns]);
}

function Welcome({ user, summary }) {
  return html`<div class="empty">
    <h2>Ask what only ${user} could know</h2>
    ${summary
      ? html`<p>
          The same message goes to the same frozen model twice: with the
          ${" "}${count(summary.num_slots, "slot")} remembered of ${user}, then without.
        </p>`
      : html`<p>
          Nothing is remembered of ${user} yet, so both sides answer alike.
          ${" "}<a href="#teach">Teach the memory</a> first.
        </p>`}
  </div>`;
}

function Exchange({ turn }) {
  return html`<article class="turn" aria-label=${`Question ${turn.id + 1}`}>
    <h2 class="asked">${turn.text}</h2>
    <div class="pair">
      ${SIDES.map(
        ([mode, label]) => html`<${Side} key=${mode} mode=${mode} label=${label} side=${turn.sides[mode]}
          top=${mode === "memory" && turn.read?.slots[0]} />`,
      )}
    </div>
  </article>`;
}

function Side({ mode, label, side, top }) {
  const usage = side.usage;
  const soft = usage?.soft_tokens ? ` + ${usage.soft_tokens} soft` : "";
  const facts = usage && [
    ["Tokens in", `${usage.prompt_tokens}${soft}`],
    ["Tokens out", usage.completion_tokens],
    ["KV cache", bytes(usage.kv_bytes)],
    ["First token", side.first === undefined ? "none" : seconds(side.first)],
    ["Time", side.seconds === undefined ? "…" : seconds(side.seconds)],
  ];
  return html`<section class=${`answer ${mode}`} aria-busy=${side.state === "waiting" || side.state === "coming"}>
    <h3>${label}</h3>
    <p class="said">${side.text}${side.state === "waiting" && html`<span class="dots">…</span>`}</p>
    ${side.error && html`<p class="trouble" role="alert">${side.error}</p>`}
    ${facts && html`<dl class="meter">
      ${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>`}
    ${top &&
    html`<p class="read">
      Read slot ${top.slot} the most (${percent(top.weight)}), taught by
      ${" "}<span class="tag">${sessions(top)}</span> <a href="#reading">All it read</a>
    </p>`}
  </section>`;
}

// The chat itself can be remembered, as any finished conversation.
function Keep({ api, user, turns, refresh }) {
  const task = useTask();
  const [kept, setKept] = useState(null);
  const keep = async () => {
    const time = new Date().toISOString();
    const session = { session_id: nameAt("chat", time), time, messages: spoken(turns, "memory") };
    const report = await task.run("Learning this chat …", () => api.remember(user, [session]));
    if (report) {
      setKept({ report, turns: turns.length });
      await refresh();
    }
  };
  const done = kept?.turns === turns.length;
  return html`<div class="keep">
    ${!done && !task.busy &&
    html`<button type="button" class="quiet" onClick=${keep}>Remember this chat</button>`}
    <${Busy} text=${task.busy} />
    <${Trouble} text=${task.error} />
    <p role="status" class="dim">
      ${done && `Remembered: version ${kept.report.version} has ${count(kept.report.num_slots, "slot")}.`}
    </p>
  </div>`;
}

function spoken(turns, mode) {
  return turns
    .filter((turn) => turn.sides[mode].state === "done" && turn.sides[mode].text.trim())
    .flatMap((turn) => [
      { role: "user", content: turn.text },
      { role: "assistant", content: turn.sides[mode].text },
    ]);
}

function sessions(use) {
  return [...new Set(use.sources.map((source) => source.session_id))].join(", ") || "no session";
}

function clamp(value, most) {
  return Math.max(1, Math.min(most, Math.round(Number(value)) || 1));
}
