// Watch one job of a user from the queue to its end.
import { html, useEffect, useRef, useState } from "./html.js";

const LOOK_EVERY_MS = 400;

export function useJob(api, user, onEnd) {
  const [job, setJob] = useState(null);
  const [error, setError] = useState("");
  const shown = useRef(true);

  const watch = async (queued) => {
    let now = queued;
    setError("");
    try {
      while (shown.current && waits(now)) {
        setJob(now);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
        now = await api.job(now.job_id);
      }
      if (shown.current) {
        setJob(null);
        await onEnd(now);
      }
    } catch (reason) {
      setJob(null);
      setError(reason.message);
    }
  };
  // One that was left to itself, in another view or before a reload, is found again.
  useEffect(() => {
    api.newestJob(user).then(
      (newest) => newest && waits(newest) && shown.current && watch(newest),
      (reason) => setError(reason.message),
    );
    return () => (shown.current = false);
  }, [api, user]);
  const cancel = () => api.cancelJob(job.job_id).catch((reason) => setError(reason.message));
  return { job, error, watch, cancel };
}

export function Progress({ job, onCancel }) {
  const known = job.steps > 0;
  return html`<div class="card job">
    <h2>${job.state === "queued" ? "Waiting its turn" : "Learning"}</h2>
    <progress aria-label="Progress" max=${known ? job.steps : undefined} value=${known ? job.step : undefined}></progress>
    <p class="dim">${told(job)}</p>
    <button type="button" class="quiet" onClick=${onCancel}>Cancel</button>
  </div>`;
}

function told(job) {
  if (job.error) return job.error;
  if (job.steps > 0) {
    const loss = job.loss === null ? "" : `, loss ${job.loss.toFixed(2)}`;
    return `Step ${job.step} of ${job.steps}${loss}`;
  }
  return "You may leave this view; it goes on by itself.";
}

function waits(job) {
  return job.state === "queued" || job.state === "running";
}
