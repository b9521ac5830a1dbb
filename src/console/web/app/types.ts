/** The answers of the API, as far as the console shows them. */

export type Role = "gateway" | "agent" | "viewer" | "admin" | "operator";
export type Scope = "run" | "user" | "key" | "team" | "feature" | "tenant";
export type Window = "hour" | "day" | "week" | "month" | "quarter" | "total";

/** A window, or a rate by its name. */
export type CeilingWindow = Window | "rate" | `rate:${string}`;

export type Remedy =
  | "wait"
  | "downgrade"
  | "reduce_output"
  | "after_reset"
  | "raise_limit"
  | "price_model";

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Caller {
  tenant_id: string | null;
  principal_id: string;
  role: Role;
  user_id: string | null;
  key_id: string | null;
}

export interface Account {
  scope: Scope;
  id: string;
  window: CeilingWindow;
  period: string | null;
  mode: string;
  limit_usd: string | null;
  hold_usd: string | null;
  committed_usd: string | null;
  reserved_usd: string | null;
  remaining_usd: string | null;
  resets_at: string | null;
  period_seconds: number | null;
  burst_usd: string | null;
  blocks: boolean;
}

export interface Ceiling {
  limit_usd: string;
  mode: string | null;
  margin_usd: string | null;
  warn_at_percent: number[];
  period_seconds: number | null;
  burst_usd: string | null;
  shards: number | null;
}

export interface Run {
  run_id: string;
  parent_run_id: string | null;
  state: "active" | "closed" | "expired";
  user_id: string | null;
  key_id: string | null;
  team_id: string | null;
  feature_id: string | null;
  limit_usd: string;
  committed_usd: string;
  reserved_usd: string;
  remaining_usd: string;
  created_at: string;
  expires_at: string;
}

export interface Usage {
  [name: string]: number | string | null | Record<string, number | string>;
}

export interface Decision {
  decision_id: string;
  reservation_id: string | null;
  state: string;
  decision: string;
  code: string | null;
  enforcement_mode: string;
  blocking_scope: Scope | null;
  run_id: string | null;
  parent_run_id: string | null;
  user_id: string | null;
  key_id: string | null;
  team_id: string | null;
  feature_id: string | null;
  provider: string | null;
  requested_model: string | null;
  selected_model: string | null;
  request_class: string | null;
  input_tokens: number | null;
  input_basis: string | null;
  service_tier: string;
  client_requested_max_output_tokens: number | null;
  effective_max_output_tokens: number | null;
  output_clamped: boolean;
  estimate_usd: string | null;
  remaining_usd: string | null;
  price_table_version: string;
  accounts: Account[];
  block: {
    detail: string;
    remedies: Remedy[];
    fits_max_output_tokens: number | null;
    resets_at: string | null;
  } | null;
  alternatives: { model: string; provider: string; estimate_usd: string; fits_budget: boolean }[];
  warnings: string[];
  created_at: string;
  price: Record<string, string> | null;
  expires_at: string | null;
  settled_at: string | null;
  usage: Usage | null;
  usage_quality: string | null;
  actual_usd: string | null;
  overrun_usd: string | null;
  unpriced_usage: string[] | null;
}

export interface ActivityStep {
  at: string;
  decisions: number;
  calls: number;
  open: number;
  blocked: number;
  downgraded: number;
  warned: number;
  released: number;
  unreserved: number;
  degraded: number;
  committed_usd: string;
}

export interface Activity {
  from: string;
  to: string;
  items: ActivityStep[];
}

export interface SpendSums {
  decisions: number;
  calls: number;
  open: number;
  blocked: number;
  input_tokens: number;
  output_tokens: number;
  committed_usd: string;
}

export type SpendItem = SpendSums & Record<string, string | number | null>;

export interface Spend {
  from: string;
  to: string;
  time_zone: string;
  group_by: string[];
  total: SpendSums;
  items: SpendItem[];
  next: string | null;
}

export interface PriceRow {
  provider: string;
  model: string;
  mode: string;
  context_window_tokens: number | null;
  max_output_tokens: number | null;
  capabilities: string[];
  is_free: boolean;
  rates: { service_tier: string; above_input_tokens: number; prices: Record<string, string> }[];
}

export interface Prices {
  price_table_version: string;
  published_at: string;
  price: PriceRow | null;
  candidates: string[];
}

export interface PriceOverride {
  provider: string;
  model: string;
  mode: string;
  prices: Record<string, string>;
  origins: Record<string, string>;
}

export interface Finding {
  [name: string]: unknown;
}

export interface PriceTable {
  version: string;
  previous_version: string | null;
  created_at: string;
  created_by: string | null;
  source: string;
  rows: number;
  clean: boolean | null;
  published_at: string | null;
  published_by: string | null;
  in_force: boolean;
  review?: Record<string, unknown> | null;
}

export interface Key {
  id: string;
  role: Role;
  user_id: string | null;
  key_id: string | null;
  teams: string[];
  features: string[];
  created_at: string;
  secret?: string;
}

export interface Tenant {
  tenant_id: string;
  time_zone: string;
  created_at: string;
  admin_key?: Key;
}

export interface AuditEntry {
  id: string;
  at: string;
  principal_id: string;
  subject: string;
  from: unknown;
  to: unknown;
}

export interface Increase {
  increase_id: string;
  scope: Scope;
  id: string;
  window: Window;
  amount_usd: string;
  until: string;
  state: string;
  reason: string;
}

export interface Bill {
  lines: { name: string; quantity: string; price_usd: string; amount_usd: string; multiplied: boolean }[];
  multiplier: string;
  sum_usd: string;
  amount_usd: string;
}

export interface Bills {
  estimate: Bill | null;
  charge: Bill | null;
}

export interface DeadLetter {
  message_id: string;
  sent_at: string;
  reason: string | null;
  tenant_id: string | null;
  message: unknown;
}

export interface DeadLetters {
  items: DeadLetter[];
  complete: boolean;
}

export interface Policy {
  mode: string;
  default_run_limit_usd: string;
  time_zone: string;
  warnings: string[];
  [name: string]: unknown;
}

export interface Outcome {
  decision: string;
  code: string | null;
  model: string | null;
  estimate_usd: string | null;
}

export interface WhatIf {
  from: string;
  to: string;
  read: number;
  complete: boolean;
  was: Record<string, number>;
  would_be: Record<string, number>;
  differences: number;
  items: { decision_id: string; created_at: string; was: Outcome; would_be: Outcome }[];
}
