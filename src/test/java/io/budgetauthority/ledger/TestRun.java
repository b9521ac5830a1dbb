package io.budgetauthority.ledger;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Scope;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Runs that tests start without a decision, of key `ci`.
final class TestRun {

  /// As long as any: sweeps of other tests find these runs.
  static final Duration LIFE = Duration.ofDays(1);

  private static final MicroUsd LIMIT = MicroUsd.of(1_000);

  private TestRun() {}

  static Run of(TestAuthority service, String id, @Nullable String userId, String... ancestors) {
    Instant now = service.clock.instant();
    AccountKey key = AccountKey.total(service.tenantId, Scope.RUN, id);
    return new Run(
        service.tenantId,
        id,
        List.of(ancestors),
        new Tuple(userId, "ci", null, "search"),
        null,
        now,
        now.plus(LIFE),
        LIMIT,
        Run.Rules.USUAL,
        true,
        Run.CountedOn.HEADS,
        Account.unused(key, LIMIT, LimitVersion.NONE));
  }
}
