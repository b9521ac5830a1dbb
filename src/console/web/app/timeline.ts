import { html, nothing, svg, type TemplateResult } from "lit";
import { format, usd } from "./money";
import { time } from "./time";
import type { Decision } from "./types";

const WIDTH = 1000;
const ROW = 14;
const MAX_ROWS = 40;
const MIN_WIDTH = 4;

/** The decisions of a run as lines of time: a hold is a bar from its decision to its settlement, a refusal a mark. */
export function timeline(decisions: Decision[], now = Date.now()): TemplateResult {
  const shown = decisions.slice(0, MAX_ROWS).reverse();
  if (shown.length === 0) {
    return html``;
  }
  const from = Math.min(...shown.map((decision) => Date.parse(decision.created_at)));
  const to = Math.max(...shown.map((decision) => endOf(decision, now)), from + 1000);
  const x = (at: number): number => Math.round(((at - from) / (to - from)) * (WIDTH - MIN_WIDTH));
  const height = shown.length * ROW;
  const open = shown.filter(isOpen).length;
  const refused = shown.filter((decision) => decision.decision === "block").length;
  const words = `${shown.length} decisions from ${time(from)} to ${time(to)}: ${open} hold money now, ${refused} were refused`;
  return html`<figure class="timeline">
    <svg role="img" aria-label=${words} viewBox="0 0 ${WIDTH} ${height}" preserveAspectRatio="none">
      ${shown.map((decision, row) => {
        const begin = x(Date.parse(decision.created_at));
        const width = Math.max(MIN_WIDTH, x(endOf(decision, now)) - begin);
        return svg`<rect class=${kindOf(decision)} x=${begin} y=${row * ROW + 2} width=${width} height=${ROW - 4}>
          <title>${title(decision)}</title>
        </rect>`;
      })}
    </svg>
    <figcaption class="muted">
      <span>${time(from)}</span>
      <span>
        <span class="key open"></span> held now <span class="key committed"></span> committed
        <span class="key released"></span> released <span class="key refused"></span> refused${decisions.length > MAX_ROWS
          ? html`; the newest ${MAX_ROWS}`
          : nothing}
      </span>
      <span>${time(to)}</span>
    </figcaption>
  </figure>`;
}

function isOpen(decision: Decision): boolean {
  return ["reserved", "forwarded", "expired"].includes(decision.state);
}

function endOf(decision: Decision, now: number): number {
  if (decision.decision === "block") {
    return Date.parse(decision.created_at);
  }
  return decision.settled_at === null ? now : Date.parse(decision.settled_at);
}

function kindOf(decision: Decision): string {
  if (decision.decision === "block") {
    return "refused";
  }
  if (isOpen(decision)) {
    return "open";
  }
  return decision.state === "released" ? "released" : "committed";
}

function title(decision: Decision): string {
  const model = decision.selected_model ?? decision.requested_model ?? "a call";
  const amount = decision.actual_usd ?? decision.estimate_usd;
  return `${time(Date.parse(decision.created_at))} ${model}: ${kindOf(decision)}${amount === null ? "" : `, ${format(usd(amount))}`}`;
}
