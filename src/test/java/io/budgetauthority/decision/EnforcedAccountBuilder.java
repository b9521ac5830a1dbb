package io.budgetauthority.decision;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An account as it stands, in micro-USD: under a hard gate, with no warnings, over all time,
/// unless stated.
public final class EnforcedAccountBuilder {

  private final Scope scope;
  private final long limit;
  private String id = "x";
  private long committed;
  private long reserved;
  private Mode mode = Mode.HARD_GATE;
  private long margin;
  private List<Integer> warnAtPercent = List.of();
  private Window window = Window.TOTAL;
  private String period = "";
  private @Nullable Instant resetsAt;

  public EnforcedAccountBuilder(Scope scope, long limit) {
    this.scope = scope;
    this.limit = limit;
  }

  public EnforcedAccountBuilder id(String name) {
    id = name;
    return this;
  }

  public EnforcedAccountBuilder committed(long micros) {
    committed = micros;
    return this;
  }

  public EnforcedAccountBuilder reserved(long micros) {
    reserved = micros;
    return this;
  }

  public EnforcedAccountBuilder mode(Mode of) {
    mode = of;
    return this;
  }

  public EnforcedAccountBuilder margin(long micros) {
    margin = micros;
    return this;
  }

  public EnforcedAccountBuilder warnAt(Integer... percents) {
    warnAtPercent = List.of(percents);
    return this;
  }

  public EnforcedAccountBuilder over(Window of, String in, Instant until) {
    window = of;
    period = in;
    resetsAt = until;
    return this;
  }

  public EnforcedAccount build() {
    Account account =
        Account.of(
            new AccountKey("t", scope, id, window, period, 0),
            MicroUsd.of(limit),
            MicroUsd.of(committed),
            MicroUsd.of(reserved),
            LimitVersion.NONE);
    return new EnforcedAccount(
        account, account, mode, MicroUsd.of(margin), warnAtPercent, resetsAt);
  }
}
