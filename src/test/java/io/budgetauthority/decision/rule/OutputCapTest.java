package io.budgetauthority.decision.rule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.Questions;
import io.budgetauthority.decision.RowBuilder;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Policy.AboveMax;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The effective output cap, rule by rule (protocol.md#output-cap); the random ones are in
/// [DeciderPropertyTest].
class OutputCapTest {

  private static final Price ROW = new RowBuilder(TestAuthority.MODEL).build();

  private static AskBuilder ask() {
    return new AskBuilder();
  }

  private static OutputCap.Result cap(AskBuilder ask, Price row, Policy policy) {
    return OutputCap.of(ask.build(), row, policy, Questions.rules(policy, row));
  }

  private static ProblemCode refusal(AskBuilder ask, Price row, Policy policy) {
    return assertInstanceOf(OutputCap.Result.Refused.class, cap(ask, row, policy)).code();
  }

  private static OutputCap.Result effective(long tokens, boolean clamped) {
    return new OutputCap.Result.Effective(tokens, clamped);
  }

  @Test
  void whenTheRowHasNoOutput_noCapOrCapRuleApplies() {
    Price embedding = new RowBuilder("e").mode("embedding").window(100L).build();
    Policy strict = new PolicyBuilder().requireCap().build();

    assertThat(cap(ask(), embedding, strict)).isEqualTo(effective(0, false));
    assertThat(cap(ask().cap(5L).input(1_000), embedding, strict)).isEqualTo(effective(0, false));
  }

  @Test
  void whenThePolicyRequiresACap_anAskWithoutOneIsRefused() {
    Policy strict = new PolicyBuilder().requireCap().build();

    assertThat(refusal(ask(), ROW, strict)).isEqualTo(ProblemCode.OUTPUT_CAP_REQUIRED);
    assertThat(cap(ask().cap(7L), ROW, strict)).isEqualTo(effective(7, false));
    assertThat(cap(ask(), ROW, Policy.DEFAULT)).isEqualTo(effective(4_096, false));
  }

  private static Policy most(@Nullable Long ofAll, Map<String, Long> ofModels, AboveMax above) {
    return new PolicyBuilder().caps(ofAll, ofModels, above).build();
  }

  @Test
  void whenACapIsAboveThePolicys_itIsClampedOrRefused() {
    Policy clamp = most(1_000L, Map.of(), AboveMax.CLAMP);
    Policy reject = most(1_000L, Map.of(), AboveMax.REJECT);

    assertThat(cap(ask().cap(1_000L), ROW, reject)).isEqualTo(effective(1_000, false));
    assertThat(refusal(ask().cap(1_001L), ROW, reject))
        .isEqualTo(ProblemCode.OUTPUT_CAP_ABOVE_POLICY);
    assertThat(cap(ask().cap(1_001L), ROW, clamp)).isEqualTo(effective(1_000, true));
    assertThat(cap(ask(), ROW, reject))
        .as("the policy's default is no client's")
        .isEqualTo(effective(1_000, false));
  }

  @Test
  void whenTenantAndModelHaveMaximums_theLeastCounts() {
    Map<String, Long> ofModel = Map.of(TestAuthority.MODEL, 500L, "other", 1L);

    assertThat(cap(ask().cap(900L), ROW, most(null, ofModel, AboveMax.CLAMP)))
        .isEqualTo(effective(500, true));
    assertThat(cap(ask().cap(900L), ROW, most(800L, ofModel, AboveMax.CLAMP)))
        .isEqualTo(effective(500, true));
    assertThat(cap(ask().cap(900L), ROW, most(300L, ofModel, AboveMax.CLAMP)))
        .isEqualTo(effective(300, true));
    assertThat(cap(ask().model("else").cap(900L), ROW, most(800L, ofModel, AboveMax.CLAMP)))
        .as("the row counts, not its name in the ask")
        .isEqualTo(effective(500, true));
  }

  @Test
  void whenACountedInputExceedsTheWindow_theAskIsRefused() {
    Price row = new RowBuilder(TestAuthority.MODEL).window(1_000L).build();

    assertThat(cap(ask().cap(10L).input(1_000), row, Policy.DEFAULT))
        .isEqualTo(effective(10, false));
    assertThat(refusal(ask().cap(10L).input(1_001), row, Policy.DEFAULT))
        .isEqualTo(ProblemCode.CONTEXT_WINDOW_EXCEEDED);
    assertThat(cap(ask().cap(10L).input(null, 5_000L), row, Policy.DEFAULT))
        .isEqualTo(effective(10, false));
    assertThat(cap(ask().cap(10L).input(1_001L, 5L), row, Policy.DEFAULT))
        .isEqualTo(effective(10, false));
    assertThat(cap(ask().cap(10L).input(1_001).unbounded(), row, Policy.DEFAULT))
        .as("unbounded overrides what was counted")
        .isEqualTo(effective(10, false));
    Price without = new RowBuilder(TestAuthority.MODEL).window(null).build();
    assertThat(cap(ask().cap(10L).input(9_999), without, Policy.DEFAULT))
        .isEqualTo(effective(10, false));
  }

  @Test
  void whenInputAndOutputShareAWindow_theOutputGetsTheRest() {
    Price row = new RowBuilder(TestAuthority.MODEL).sharedWindow(1_000).build();

    assertThat(cap(ask().cap(900L).input(600), row, Policy.DEFAULT))
        .isEqualTo(effective(400, true));
    assertThat(cap(ask().cap(400L).input(600), row, Policy.DEFAULT))
        .isEqualTo(effective(400, false));
    assertThat(cap(ask().cap(900L).input(999), row, Policy.DEFAULT)).isEqualTo(effective(1, true));
    assertThat(refusal(ask().cap(1L).input(1_000), row, Policy.DEFAULT))
        .isEqualTo(ProblemCode.CONTEXT_WINDOW_EXCEEDED);
    assertThat(cap(ask().cap(900L).input(null, 600L), row, Policy.DEFAULT))
        .as("bytes are a bound, not a count")
        .isEqualTo(effective(900, false));
    assertThat(cap(ask().cap(900L).unbounded(), row, Policy.DEFAULT))
        .isEqualTo(effective(900, false));
  }
}
