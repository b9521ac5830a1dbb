package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.rule.Candidates;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.DecisionRequest;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.decision.rule.WhatIf;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/// A decision that is made again agrees with one that is made anew (protocol.md#what-if).
class WhatIfTest {

  private static final int CASES = 2_000;
  private static final String TENANT = "t";
  private static final PriceTable TABLE = TestAuthority.table();
  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");
  private static final Candidates.Prices NAMES = TABLE::find;

  /// The run's account has the tenant's mode. The user's has one of its own, which may be the
  /// tenant's, and a margin of its own.
  private record Case(DecisionRequest request, EnforcedAccount run, EnforcedAccount user) {

    static Case random(RandomGenerator random, Mode tenants) {
      Mode own = Mode.values()[random.nextInt(Mode.values().length)];
      return new Case(
          TestAuthority.request(random.nextInt(50_000), 1L + random.nextInt(16_000), null),
          account(random, Scope.RUN, "r", tenants, new EnforcedAccount.Own(null, null)),
          account(
              random,
              Scope.USER,
              "ada",
              own,
              new EnforcedAccount.Own(own, MicroUsd.of(random.nextInt(50_000)))));
    }

    private static EnforcedAccount account(
        RandomGenerator random, Scope scope, String id, Mode mode, EnforcedAccount.Own own) {
      Account account =
          Account.of(
              AccountKey.total(TENANT, scope, id),
              MicroUsd.of(random.nextInt(200_000)),
              MicroUsd.of(random.nextInt(60_000)),
              MicroUsd.of(random.nextInt(40_000)),
              LimitVersion.NONE);
      return new EnforcedAccount(
          account,
          account,
          mode,
          own.margin() == null ? MicroUsd.ZERO : own.margin(),
          Ceiling.DEFAULT_WARN_AT_PERCENT,
          null,
          own);
    }

    Plan decide(Policy policy) {
      return Decider.decide(
          Decider.Input.of(
              request,
              policy,
              TABLE,
              NAMES.find(request.provider(), request.model()) instanceof PriceTable.Found.Row row
                  ? row.price()
                  : null,
              NAMES,
              List.of(),
              List.of(run, user)));
    }

    /// The same balances where the tenant has another mode.
    Case in(Mode mode) {
      return new Case(
          request,
          new EnforcedAccount(
              run.account(), run.stored(), mode, run.margin(), run.warnAtPercent(), null),
          user);
    }

    Decision stored(Policy policy, Plan plan) {
      DecisionWriter writer =
          new DecisionWriter(
              request,
              Views.of(
                  policy,
                  new Tuple("ada", null, null, null),
                  NOW,
                  null,
                  List.of(),
                  List.of(run, user)),
              TABLE.version(),
              List.of(),
              null);
      return switch (plan) {
        case Plan.Grant grant -> writer.decision(grant);
        case Plan.Block block -> writer.decision(block);
        case Plan.Refuse refuse -> throw new IllegalStateException(refuse.reason());
      };
    }
  }

  private static Policy in(Mode mode) {
    return new PolicyBuilder().mode(mode).build();
  }

  @Test
  void whenThePolicyIsTheSame_theDecisionIsToo() {
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
      Policy policy = in(Mode.values()[random.nextInt(Mode.values().length)]);
      Case one = Case.random(random, policy.mode());
      Decision decision = one.stored(policy, one.decide(policy));

      WhatIf.Outcome again = new WhatIf(TENANT, policy, TABLE, NAMES).decide(decision);

      assertThat(again).as("seed " + seed).isEqualTo(WhatIf.Outcome.of(decision));
      assertThat(again.differsFrom(WhatIf.Outcome.of(decision))).isFalse();
    }
  }

  @Test
  void whenTheModeIsAnother_itIsAsIfItHadAlwaysBeen() {
    int differences = 0;
    for (long seed = 0; seed < CASES; seed++) {
      RandomGenerator random = RandomGeneratorFactory.of("SplittableRandom").create(seed);
      Policy today = in(Mode.values()[random.nextInt(Mode.values().length)]);
      Policy other = in(Mode.values()[random.nextInt(Mode.values().length)]);
      Case one = Case.random(random, today.mode());
      Decision decision = one.stored(today, one.decide(today));

      WhatIf.Outcome again = new WhatIf(TENANT, other, TABLE, NAMES).decide(decision);

      Case moved = one.in(other.mode());
      WhatIf.Outcome anew = WhatIf.Outcome.of(moved.stored(other, moved.decide(other)));
      assertThat(again).as("seed " + seed).isEqualTo(anew);
      differences += again.differsFrom(WhatIf.Outcome.of(decision)) ? 1 : 0;
    }
    assertThat(differences).isGreaterThan(CASES / 20);
  }
}
