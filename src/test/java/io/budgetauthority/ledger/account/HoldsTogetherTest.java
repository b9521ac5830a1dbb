package io.budgetauthority.ledger.account;

import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/// Holds of one group are one hold, which fits where each of them would fit after those before it
/// (ledger.md#group-commit).
class HoldsTogetherTest {

  private static final AccountKey KEY = AccountKey.total("t", Scope.USER, "ada");

  private static ConditionalHold random(RandomGenerator random, EnforcedAccount enforced) {
    MicroUsd hold = MicroUsd.of(random.nextInt(20));
    ConditionalHold.Condition condition =
        switch (random.nextInt(4)) {
          case 0 -> new ConditionalHold.Condition.None();
          case 1 -> new ConditionalHold.Condition.NotSpent();
          case 2 -> new ConditionalHold.Condition.AtLeast(hold);
          default -> new ConditionalHold.Condition.AtLeast(hold.minus(MicroUsd.of(5)));
        };
    return new ConditionalHold(enforced, hold, MicroUsd.of(random.nextInt(3)), condition);
  }

  private static EnforcedAccount enforced(boolean stored) {
    Account account = Account.unused(KEY, MicroUsd.of(40), LimitVersion.ofRun(0));
    return new EnforcedAccount(
        account, stored ? account : null, Mode.HARD_GATE, MicroUsd.ZERO, List.of(), null);
  }

  private static boolean fits(ConditionalHold hold, long available, long committed) {
    return switch (hold.condition()) {
      case ConditionalHold.Condition.None none -> true;
      case ConditionalHold.Condition.AtLeast least ->
          least.available().compareTo(MicroUsd.of(available)) <= 0;
      case ConditionalHold.Condition.NotSpent notSpent -> committed < 40;
    };
  }

  @Test
  void whenTwoHoldsAreOne_itFitsWhereBothFit() {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(27);
    int together = 0;
    for (int i = 0; i < 5_000; i++) {
      ConditionalHold first = random(random, enforced(true));
      ConditionalHold second = random(random, enforced(true));
      Optional<ConditionalHold> both = first.then(second);
      if (both.isEmpty()) {
        continue;
      }
      together++;
      assertThat(both.get().total()).isEqualTo(first.total().plus(second.total()));
      for (long available = -30; available <= 60; available++) {
        boolean oneByOne =
            fits(first, available, 39)
                && fits(second, available - first.total().micros(), 39 + first.charge().micros());
        assertThat(fits(both.get(), available, 39)).isEqualTo(oneByOne);
      }
    }
    assertThat(together).isGreaterThan(1_000);
  }

  @Test
  void whenTheAccountIsNew_whatDoesNotFitIsNotOne() {
    EnforcedAccount unused = enforced(false);
    ConditionalHold half =
        new ConditionalHold(
            unused,
            MicroUsd.of(20),
            MicroUsd.ZERO,
            new ConditionalHold.Condition.AtLeast(MicroUsd.of(20)));
    ConditionalHold both = half.then(half).orElseThrow();

    assertThat(both.hold()).isEqualTo(MicroUsd.of(40));
    assertThat(both.then(half)).isEmpty();
  }
}
