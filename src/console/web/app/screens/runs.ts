import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { get } from "../api";
import { badge, bar, empty, field, money, more, number, runLink, table } from "../parts";
import { go, to } from "../router";
import { Screen } from "../screen";
import { ago } from "../time";
import type { Page, Run } from "../types";

@customElement("ba-runs")
export class Runs extends Screen<Page<Run>> {
  readonly heading = "Runs";

  protected load(signal: AbortSignal): Promise<Page<Run>> {
    const { query } = this.place;
    return get<Page<Run>>(
      "/budget/runs",
      { user_id: query.get("user_id"), state: query.get("state"), after: query.get("after"), limit: 50 },
      signal,
    );
  }

  protected view(data: Page<Run>): TemplateResult {
    const { query } = this.place;
    return html`
      <form class="filters" @submit=${this.filter}>
        ${field("Run", (id) => html`<input id=${id} name="run_id" placeholder="open one by its id" />`)}
        ${field("User", (id) => html`<input id=${id} name="user_id" .value=${query.get("user_id") ?? ""} />`)}
        ${field(
          "State",
          (id) => html`<select id=${id} name="state">
            <option value="">all</option>
            ${["active", "closed", "expired"].map(
              (state) => html`<option ?selected=${query.get("state") === state}>${state}</option>`,
            )}
          </select>`,
        )}
        <button>Show</button>
      </form>
      ${data.items.length === 0
        ? empty("No run. A run begins with the first decision that lets a call through.")
        : runTable(data.items, "Runs, the newest first")}
      ${more(data.next, (after) =>
        to(["runs"], { user_id: query.get("user_id"), state: query.get("state"), after }),
      )}
    `;
  }

  private readonly filter = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const run = String(form.get("run_id")).trim();
    go(
      run === ""
        ? to(["runs"], { user_id: String(form.get("user_id")), state: String(form.get("state")) })
        : to(["runs", run]),
    );
  };
}

export function stateBadge(run: Run): TemplateResult {
  return badge(run.state, run.state === "active" ? "fine" : "plain");
}

/** A table of runs. With `levels` each is indented by how far it is below the run that is shown. */
export function runTable(runs: Run[], caption: string, levels: number[] = []): TemplateResult {
  return table(
    caption,
    [
      "Run",
      "State",
      "User",
      "Use",
      number("Committed"),
      number("Held"),
      number("Free"),
      number("Limit"),
      "Begun",
    ],
    runs.map(
      (run, i) => html`<tr data-run=${run.run_id}>
        <th scope="row">
          ${levels[i] === undefined || levels[i] === 1
            ? nothing
            : html`<span class="level">${"↳".padStart(levels[i]!, "\u2003")}</span>
                <span class="unseen">level ${levels[i]}</span>`}
          ${runLink(run.run_id)}
        </th>
        <td>${stateBadge(run)}</td>
        <td>${run.user_id ?? "–"}</td>
        <td class="wide">${bar(run.committed_usd, run.reserved_usd, run.limit_usd)}</td>
        <td class="number">${money(run.committed_usd)}</td>
        <td class="number">${money(run.reserved_usd)}</td>
        <td class="number">${money(run.remaining_usd)}</td>
        <td class="number">${money(run.limit_usd)}</td>
        <td>${ago(run.created_at)}</td>
      </tr>`,
    ),
  );
}
