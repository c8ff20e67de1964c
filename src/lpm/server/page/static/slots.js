// What a slot knows, and the turns that taught it.
import { html, useEffect, useState } from "./html.js";
import { dayOf, percent } from "./format.js";

// Every slot of the newest version, with the text of the sessions where it was kept.
export function useMemoryView(api, user, summary) {
  const [state, setState] = useState({ view: null, error: "" });
  useEffect(() => {
    let current = true;
    if (!summary) return undefined;
    Promise.all([api.show(user), api.sessions(user)]).then(
      ([view, sessions]) => current && setState({ view: { ...view, sessions }, error: "" }),
      (error) => current && setState({ view: null, error: error.message }),
    );
    return () => (current = false);
  }, [api, user, summary?.version]);
  return state;
}

export function SlotCard({ slot, view, readBy }) {
  return html`<section class="card slot-card" aria-live="polite">
    <h2>Slot ${slot.slot}</h2>
    <${Words} slot=${slot} />
    <${Sources} slot=${slot} sessions=${view.sessions} />
    ${readBy.length > 0 &&
    html`<p class="dim">
      Read by ${readBy.map((one) => `“${one.text}” (${percent(one.weight)})`).join(", ")}
    </p>`}
  </section>`;
}

export function Words({ slot }) {
  if (!slot.nearest_words.length) return html`<p class="dim">No word is near.</p>`;
  return html`<ul class="words" aria-label="Nearest words">
    ${slot.nearest_words.map((word, place) => html`<li key=${place}>${word}</li>`)}
  </ul>`;
}

export function Sources({ slot, sessions }) {
  return html`<ul class="sources" aria-label="Taught by">
    ${slot.sources.map((source) => {
      const session = sessions.find((one) => one.session_id === source.session_id);
      const turn = session?.turns?.[source.turn];
      return html`<li key=${`${source.session_id} ${source.turn}`}>
        <span class="tag">${source.session_id}</span>${" "}
        <span class="dim">
          turn ${source.turn + 1}${session?.time && ` · ${dayOf(session.time)}`}
          ${slot.sources.length > 1 && ` · ${percent(source.share)}`}
        </span>
        ${turn ? html`<q>${turn.content}</q>` : html`<span class="dim">Its text is not kept.</span>`}
      </li>`;
    })}
  </ul>`;
}
