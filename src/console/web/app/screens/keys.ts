import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { get, Problem, send } from "../api";
import { badge, empty, field, more, problemView, table } from "../parts";
import { to } from "../router";
import { Screen } from "../screen";
import { moment } from "../time";
import type { Key, Page, Tenant } from "../types";

interface Data {
  keys: Page<Key> | undefined;
  tenants: Page<Tenant> | undefined;
}

@customElement("ba-keys")
export class Keys extends Screen<Data> {
  protected override readonly pause = 15_000;
  @state() private refused: Problem | undefined;
  @state() private shown: Key | undefined;
  @state() private deleting: string | undefined;

  get heading(): string {
    return this.caller.role === "operator" ? "Tenants" : "Keys";
  }

  protected async load(signal: AbortSignal): Promise<Data> {
    const query = { after: this.place.query.get("after"), limit: 100 };
    return this.caller.role === "operator"
      ? { keys: undefined, tenants: await get<Page<Tenant>>("/budget/tenants", query, signal) }
      : { keys: await get<Page<Key>>("/budget/keys", query, signal), tenants: undefined };
  }

  protected view(data: Data): TemplateResult {
    return html`
      ${this.refused ? problemView(this.refused) : nothing} ${this.secret()}
      ${data.keys ? this.keys(data.keys) : nothing} ${data.tenants ? this.tenants(data.tenants) : nothing}
    `;
  }

  /** A secret is shown once, and is gone with the screen. */
  private secret(): TemplateResult | typeof nothing {
    return this.shown?.secret === undefined
      ? nothing
      : html`<div class="card" role="status">
          <p>The secret of <strong>${this.shown.id}</strong> is shown this once:</p>
          <p><code class="secret">${this.shown.secret}</code></p>
          <button class="second" @click=${() => (this.shown = undefined)}>I have it</button>
        </div>`;
  }

  private keys(keys: Page<Key>): TemplateResult {
    const admin = this.caller.role === "admin";
    return html`
      ${admin
        ? html`<form class="filters" @submit=${this.create}>
            ${field(
              "Role",
              (id) => html`<select id=${id} name="role">
                ${["gateway", "agent", "viewer", "admin"].map((role) => html`<option>${role}</option>`)}
              </select>`,
            )}
            ${field("User", (id) => html`<input id=${id} name="user_id" />`, "Of an agent")}
            ${field("Key", (id) => html`<input id=${id} name="key_id" />`, "Of an agent")}
            <button>New key</button>
          </form>`
        : nothing}
      ${keys.items.length === 0
        ? empty("No key.")
        : table(
            "API keys",
            ["Id", "Role", "Acts for", "Made", admin && "Change"],
            keys.items.map((key) => this.row(key, admin)),
            "Keys",
          )}
      ${more(keys.next, (after) => to(["keys"], { after }))}
    `;
  }

  private row(key: Key, admin: boolean): TemplateResult {
    return html`<tr>
      <th scope="row">${key.id}</th>
      <td>${badge(key.role, "plain")}</td>
      <td>${key.user_id === null ? "–" : `${key.user_id} with ${key.key_id}`}</td>
      <td>${moment(key.created_at)}</td>
      ${admin
        ? html`<td class="buttons">
            ${this.deleting === key.id
              ? html`<button class="danger" @click=${() => this.delete(key)}>Delete ${key.id}</button>
                  <button class="second" @click=${() => (this.deleting = undefined)}>Keep it</button>`
              : html`<button class="second" aria-label="Rotate ${key.id}" @click=${() => this.rotate(key)}>
                    Rotate
                  </button>
                  <button class="danger" aria-label="Delete ${key.id}" @click=${() => (this.deleting = key.id)}>
                    Delete
                  </button>`}
          </td>`
        : nothing}
    </tr>`;
  }

  private tenants(tenants: Page<Tenant>): TemplateResult {
    return html`
      <form class="filters" @submit=${this.createTenant}>
        ${field("Tenant", (id) => html`<input id=${id} name="tenant_id" required />`)}
        ${field("Time zone", (id) => html`<input id=${id} name="time_zone" value="UTC" required />`)}
        <button>New tenant</button>
      </form>
      ${tenants.items.length === 0
        ? empty("No tenant.")
        : table(
            "Tenants",
            ["Tenant", "Time zone", "Made"],
            tenants.items.map(
              (tenant) => html`<tr>
                <th scope="row">${tenant.tenant_id}</th>
                <td>${tenant.time_zone}</td>
                <td>${moment(tenant.created_at)}</td>
              </tr>`,
            ),
          )}
      ${more(tenants.next, (after) => to(["keys"], { after }))}
    `;
  }

  private readonly create = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const role = String(form.get("role"));
    await this.change(async () => {
      const agent =
        role === "agent"
          ? { user_id: String(form.get("user_id")).trim(), key_id: String(form.get("key_id")).trim() }
          : {};
      const answer = await send<Key>("/budget/keys", { method: "POST", body: { role, ...agent } });
      this.shown = answer.body;
    });
  };

  private readonly createTenant = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    await this.change(async () => {
      const answer = await send<Tenant>("/budget/tenants", {
        method: "POST",
        body: {
          tenant_id: String(form.get("tenant_id")).trim(),
          time_zone: String(form.get("time_zone")).trim(),
        },
      });
      this.shown = answer.body.admin_key;
    });
  };

  private rotate(key: Key): Promise<void> {
    return this.change(async () => {
      const answer = await send<Key>(`/budget/keys/${encodeURIComponent(key.id)}/rotate`, {
        method: "POST",
        body: { overlap_seconds: 3600 },
      });
      this.shown = answer.body;
    });
  }

  private delete(key: Key): Promise<void> {
    this.deleting = undefined;
    return this.change(async () => {
      await send(`/budget/keys/${encodeURIComponent(key.id)}`, { method: "DELETE" });
    });
  }

  private async change(action: () => Promise<void>): Promise<void> {
    this.refused = undefined;
    try {
      await action();
    } catch (error) {
      this.refused = error as Problem;
    }
    await this.reload();
  }
}
