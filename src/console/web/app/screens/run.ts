import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, Problem, send } from "../api";
import { format, parseUsd, usd } from "../money";
import { accountTable, bar, decisionTable, empty, field, money, outcome, problemView, remedies, runLink } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { moment } from "../time";
import { timeline } from "../timeline";
import type { Account, Decision, Page, Run } from "../types";
import { runTable, stateBadge } from "./runs";

const SHOWN_DECISIONS = 100;
const SHOWN_REFUSALS = 5;
/** A run has at most four levels of ancestors. */
const MAX_LEVELS = 4;
const MAX_READ = 40;

interface Branch {
  run: Run;
  level: number;
}

/** The runs below a run, each after the one that started it. */
interface Tree {
  branches: Branch[];
  complete: boolean;
}

interface Data {
  run: Run;
  ancestors: Run[];
  tree: Tree;
  decisions: Page<Decision>;
  accounts: Account[];
}

@customElement("ba-run")
export class RunScreen extends Screen<Data> {
  @state() private refused: Problem | undefined;
  @state() private done = "";
  @state() private stopping = false;

  get heading(): string {
    return `Run ${this.place.path[1] ?? ""}`;
  }

  protected async load(signal: AbortSignal): Promise<Data> {
    const path = `/budget/runs/${encodeURIComponent(this.place.path[1] ?? "")}`;
    const run = await get<Run>(path, {}, signal);
    const [tree, decisions, balances, ancestors] = await Promise.all([
      this.tree(run.run_id, signal),
      get<Page<Decision>>(`${path}/decisions`, { limit: SHOWN_DECISIONS }, signal),
      get<{ accounts: Account[] }>("/budget/balances", { run_id: run.run_id }, signal),
      this.ancestors(run, signal),
    ]);
    return { run, ancestors, tree, decisions, accounts: balances.accounts };
  }

  /** The run that started this one first. */
  private async ancestors(run: Run, signal: AbortSignal): Promise<Run[]> {
    const found: Run[] = [];
    let parent = run.parent_run_id;
    while (parent !== null) {
      const next: Run = await get<Run>(`/budget/runs/${encodeURIComponent(parent)}`, {}, signal);
      found.unshift(next);
      parent = next.parent_run_id;
    }
    return found;
  }

  /** The runs below a run, level by level. So many are asked for their children at most. */
  private async tree(root: string, signal: AbortSignal): Promise<Tree> {
    const below = new Map<string, Run[]>();
    let parents = [root];
    let complete = true;
    for (let level = 1; level <= MAX_LEVELS && parents.length > 0; level++) {
      const asked = parents.slice(0, MAX_READ - below.size);
      complete &&= asked.length === parents.length;
      const pages = await Promise.all(
        asked.map((id) =>
          get<Page<Run>>(`/budget/runs/${encodeURIComponent(id)}/children`, { limit: 100 }, signal),
        ),
      );
      asked.forEach((id, i) => below.set(id, pages[i]!.items));
      complete &&= pages.every((page) => page.next === null);
      parents = pages.flatMap((page) => page.items.map((run) => run.run_id));
    }
    const branches: Branch[] = [];
    const add = (id: string, level: number): void => {
      for (const run of below.get(id) ?? []) {
        branches.push({ run, level });
        add(run.run_id, level + 1);
      }
    };
    add(root, 1);
    return { branches, complete };
  }

  private get mayChange(): boolean {
    return this.caller.role === "admin" || this.caller.role === "gateway";
  }

  protected view(data: Data): TemplateResult {
    const { run } = data;
    const refusals = data.decisions.items.filter((decision) => decision.decision === "block");
    return html`
      ${data.ancestors.length === 0
        ? nothing
        : html`<p>Started by ${data.ancestors.map((ancestor) => html`${runLink(ancestor.run_id)} → `)}${run.run_id}</p>`}
      <div class="card" data-run=${run.run_id}>
        <p>
          ${stateBadge(run)} of user ${run.user_id ?? "–"}, key ${run.key_id ?? "–"}, since
          ${moment(run.created_at)}
        </p>
        ${bar(run.committed_usd, run.reserved_usd, run.limit_usd)}
        <dl class="sums">
          <div><dt>Committed</dt><dd>${money(run.committed_usd)}</dd></div>
          <div><dt>Held now</dt><dd>${money(run.reserved_usd)}</dd></div>
          <div><dt>Free</dt><dd>${money(run.remaining_usd)}</dd></div>
          <div><dt>Limit</dt><dd>${money(run.limit_usd)}</dd></div>
        </dl>
        ${this.done === "" ? nothing : html`<p class="fine" role="status">${this.done}</p>`}
        ${this.refused ? problemView(this.refused) : nothing}
        ${this.mayChange ? this.actions(run) : nothing}
      </div>
      <section>
        <h2>Holds over time</h2>
        ${timeline(data.decisions.items)}
      </section>
      ${data.tree.branches.length === 0
        ? nothing
        : html`<section>
            <h2>Child runs</h2>
            ${runTable(
              data.tree.branches.map((branch) => branch.run),
              "Runs below this run; their calls are held here too",
              data.tree.branches.map((branch) => branch.level),
            )}
            ${data.tree.complete ? nothing : html`<p class="muted">There are more runs than are shown.</p>`}
          </section>`}
      ${refusals.length === 0 ? nothing : this.refusals(refusals)}
      <section>
        <h2>What a call of this run is held against</h2>
        ${accountTable(data.accounts, "Accounts of this run")}
      </section>
      <section>
        <h2>Decisions</h2>
        ${data.decisions.items.length === 0
          ? empty("No decision of this run is kept.")
          : decisionTable(data.decisions.items, "Decisions of this run, the newest first")}
        ${data.decisions.next === null
          ? nothing
          : html`<p><a class="button" href=${to(["decisions"], { run_id: run.run_id })}>All decisions of this run</a></p>`}
      </section>
    `;
  }

  private refusals(refusals: Decision[]): TemplateResult {
    return html`<section>
      <h2>Refusals</h2>
      <ul class="attention">
        ${refusals.slice(0, SHOWN_REFUSALS).map(
          (decision) =>
            html`<li>
              ${outcome(decision)}
              <span
                ><a href=${to(["decisions", decision.decision_id])}>${moment(decision.created_at)}</a>:
                ${decision.requested_model ?? "a call"}: ${decision.block?.detail ?? "refused"}
                ${remedies(decision)}</span
              >
            </li>`,
        )}
      </ul>
      ${refusals.length <= SHOWN_REFUSALS
        ? nothing
        : html`<p class="muted">The newest ${SHOWN_REFUSALS} of ${refusals.length}.</p>`}
    </section>`;
  }

  private actions(run: Run): TemplateResult {
    return html`<form class="filters" @submit=${(event: SubmitEvent) => this.raise(event, run)}>
        ${field("New limit in USD", (id) => html`<input id=${id} name="limit_usd" inputmode="decimal" required />`)}
        <button>Set the limit</button>
      </form>
      ${run.state !== "active"
        ? nothing
        : this.stopping
          ? html`<div class="buttons" role="alert">
              <span>Every later ask of this run and its children will be refused.</span>
              <button class="danger" @click=${() => this.stopRun(run)}>Stop it</button>
              <button class="second" @click=${() => (this.stopping = false)}>Keep it</button>
            </div>`
          : html`<button class="danger" @click=${() => (this.stopping = true)}>Stop the run</button>`}`;
  }

  private async raise(event: SubmitEvent, run: Run): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const limit = String(new FormData(form).get("limit_usd")).trim();
    if (parseUsd(limit) === undefined) {
      this.refused = new Problem(400, "invalid_request", "Not an amount", `${limit} is not an amount in USD with at most six decimals.`);
      return;
    }
    if (await this.change(run, { limit_usd: limit })) {
      this.done = `The limit is ${format(usd(limit))}.`;
      form.reset();
    }
  }

  private async stopRun(run: Run): Promise<void> {
    this.stopping = false;
    if (await this.change(run, { state: "closed" })) {
      this.done = "The run is closed.";
    }
  }

  private async change(run: Run, body: object): Promise<boolean> {
    this.refused = undefined;
    this.done = "";
    try {
      await send(`/budget/runs/${encodeURIComponent(run.run_id)}`, { method: "PATCH", body });
    } catch (error) {
      this.refused = error as Problem;
      return false;
    }
    await this.reload();
    return true;
  }
}
