import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import "./main.css";
import { get, Problem, session } from "./api";
import { field, problemView } from "./parts";
import { listen, MOVED, place, type Place, to } from "./router";
import "./screens/audit";
import "./screens/budgets";
import "./screens/decision";
import "./screens/decisions";
import "./screens/holds";
import "./screens/keys";
import "./screens/letters";
import "./screens/overview";
import "./screens/policy";
import "./screens/prices";
import "./screens/run";
import "./screens/runs";
import "./screens/spend";
import type { Caller, Role } from "./types";

interface Item {
  path: string;
  name: string;
  roles: Role[];
}

const OF_TENANT: Role[] = ["gateway", "viewer", "admin"];

const ITEMS: Item[] = [
  { path: "", name: "Overview", roles: OF_TENANT },
  { path: "budgets", name: "Budgets", roles: [...OF_TENANT, "agent"] },
  { path: "runs", name: "Runs", roles: [...OF_TENANT, "agent"] },
  { path: "decisions", name: "Decisions", roles: OF_TENANT },
  { path: "spend", name: "Spend", roles: [...OF_TENANT, "agent"] },
  { path: "holds", name: "Holds", roles: OF_TENANT },
  { path: "prices", name: "Prices", roles: [...OF_TENANT, "agent", "operator"] },
  { path: "keys", name: "Keys", roles: ["viewer", "admin"] },
  { path: "keys", name: "Tenants", roles: ["operator"] },
  { path: "policy", name: "Policy", roles: [...OF_TENANT, "agent"] },
  { path: "audit", name: "Audit", roles: ["viewer", "admin"] },
  { path: "dead-letters", name: "Dead letters", roles: ["viewer", "admin", "operator"] },
];

/** The keys of the local build, which are no secrets. */
interface DemoKeys {
  keys: { role: Role; secret: string }[];
}

@customElement("ba-console")
export class Console extends LitElement {
  @state() private place: Place = place();
  @state() private caller: Caller | undefined;
  @state() private refused: Problem | undefined;
  @state() private demo: DemoKeys["keys"] = [];

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    listen();
    window.addEventListener(MOVED, () => {
      this.place = place();
      void this.updateComplete.then(() => this.querySelector("h1")?.focus());
    });
    this.addEventListener("signed-out", () => this.signOut());
    if (session.isOpen) {
      void this.signIn();
    } else {
      void this.findDemoKeys();
    }
  }

  /** Only the local build answers. */
  private async findDemoKeys(): Promise<void> {
    const response = await fetch("/local/keys").catch(() => undefined);
    if (response?.ok) {
      this.demo = ((await response.json()) as DemoKeys).keys;
    }
  }

  private async signIn(): Promise<void> {
    this.refused = undefined;
    try {
      this.caller = await get<Caller>("/budget/caller");
    } catch (error) {
      this.refused = error as Problem;
      if (this.refused.status === 401) {
        session.close();
      }
      void this.findDemoKeys();
    }
  }

  private signOut(): void {
    session.close();
    this.caller = undefined;
    void this.findDemoKeys();
  }

  protected override updated(): void {
    const heading = this.caller ? this.querySelector("h1")?.textContent : "Sign in";
    document.title = `${heading ?? "Console"} – budget-authority`;
  }

  protected override render(): TemplateResult {
    const { caller } = this;
    return html`
      <a class="skip" href="#main">Skip to the content</a>
      <header>
        <a class="name" href=${to([])}>budget-authority</a>
        ${caller
          ? html`<nav aria-label="Screens">
                ${ITEMS.filter((item) => item.roles.includes(caller.role)).map(
                  (item) =>
                    html`<a
                      href=${to(item.path === "" ? [] : [item.path])}
                      aria-current=${item.path === this.current(caller) ? "page" : nothing}
                      >${item.name}</a
                    >`,
                )}
              </nav>
              <span class="who"
                >${caller.role} ${caller.tenant_id === null ? nothing : html`of ${caller.tenant_id}`}
                <button class="second" @click=${() => this.signOut()}>Sign out</button></span
              >`
          : nothing}
      </header>
      <main id="main" tabindex="-1">${caller ? this.screen(caller) : this.signInForm()}</main>
    `;
  }

  /** The item of the navigation that is shown. */
  private current(caller: Caller): string {
    const stated = this.place.path[0] ?? "";
    return stated === "" ? (firstOf(caller).path) : stated;
  }

  private screen(caller: Caller): TemplateResult {
    const { place: shown } = this;
    const name = this.current(caller);
    if (!ITEMS.some((item) => item.path === name && item.roles.includes(caller.role))) {
      return html`<h1 tabindex="-1">Not here</h1>
        <p>
          There is no such screen for the role ${caller.role}.
          <a href=${to([])}>Go to ${firstOf(caller).name}</a>
        </p>`;
    }
    const inside = shown.path.length > 1;
    switch (name) {
      case "budgets":
        return html`<ba-budgets .place=${shown} .caller=${caller}></ba-budgets>`;
      case "runs":
        return inside
          ? html`<ba-run .place=${shown} .caller=${caller}></ba-run>`
          : html`<ba-runs .place=${shown} .caller=${caller}></ba-runs>`;
      case "decisions":
        return inside
          ? html`<ba-decision .place=${shown} .caller=${caller}></ba-decision>`
          : html`<ba-decisions .place=${shown} .caller=${caller}></ba-decisions>`;
      case "spend":
        return html`<ba-spend .place=${shown} .caller=${caller}></ba-spend>`;
      case "holds":
        return html`<ba-holds .place=${shown} .caller=${caller}></ba-holds>`;
      case "prices":
        return html`<ba-prices .place=${shown} .caller=${caller}></ba-prices>`;
      case "keys":
        return html`<ba-keys .place=${shown} .caller=${caller}></ba-keys>`;
      case "policy":
        return html`<ba-policy .place=${shown} .caller=${caller}></ba-policy>`;
      case "audit":
        return html`<ba-audit .place=${shown} .caller=${caller}></ba-audit>`;
      case "dead-letters":
        return html`<ba-letters .place=${shown} .caller=${caller}></ba-letters>`;
      default:
        return html`<ba-overview .place=${shown} .caller=${caller}></ba-overview>`;
    }
  }

  private signInForm(): TemplateResult {
    return html`<form class="card signin" @submit=${this.submit}>
      <h1 tabindex="-1">Sign in</h1>
      ${this.refused ? problemView(this.refused) : nothing}
      ${field(
        "API key",
        (id) => html`<input id=${id} name="secret" type="password" autocomplete="off" required />`,
        "It is kept for this tab. What its role may see is shown.",
      )}
      <button>Sign in</button>
      ${this.demo.length === 0
        ? nothing
        : html`<p>Or with a key of this local build:</p>
            <div class="buttons">
              ${this.demo.map(
                (key) =>
                  html`<button type="button" class="second" @click=${() => this.open(key.secret)}>
                    ${key.role}
                  </button>`,
              )}
            </div>`}
    </form>`;
  }

  private readonly submit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.open(String(new FormData(event.target as HTMLFormElement).get("secret")).trim());
  };

  private open(secret: string): void {
    session.open(secret);
    void this.signIn();
  }
}

/** The screen that a role begins with. */
function firstOf(caller: Caller): Item {
  return ITEMS.find((item) => item.roles.includes(caller.role))!;
}
