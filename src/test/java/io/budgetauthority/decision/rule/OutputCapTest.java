package io.budgetauthority.decision.rule;

import static org.junit.jupiter.api.Assertions.assertEquals;
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

    assertEquals(effective(0, false), cap(ask(), embedding, strict));
    assertEquals(effective(0, false), cap(ask().cap(5L).input(1_000), embedding, strict));
  }

  @Test
  void whenThePolicyRequiresACap_anAskWithoutOneIsRefused() {
    Policy strict = new PolicyBuilder().requireCap().build();

    assertEquals(ProblemCode.OUTPUT_CAP_REQUIRED, refusal(ask(), ROW, strict));
    assertEquals(effective(7, false), cap(ask().cap(7L), ROW, strict));
    assertEquals(effective(4_096, false), cap(ask(), ROW, Policy.DEFAULT));
  }

  private static Policy most(@Nullable Long ofAll, Map<String, Long> ofModels, AboveMax above) {
    return new PolicyBuilder().caps(ofAll, ofModels, above).build();
  }

  @Test
  void whenACapIsAboveThePolicys_itIsClampedOrRefused() {
    Policy clamp = most(1_000L, Map.of(), AboveMax.CLAMP);
    Policy reject = most(1_000L, Map.of(), AboveMax.REJECT);

    assertEquals(effective(1_000, false), cap(ask().cap(1_000L), ROW, reject));
    assertEquals(ProblemCode.OUTPUT_CAP_ABOVE_POLICY, refusal(ask().cap(1_001L), ROW, reject));
    assertEquals(effective(1_000, true), cap(ask().cap(1_001L), ROW, clamp));
    assertEquals(
        effective(1_000, false), cap(ask(), ROW, reject), "the policy's default is no client's");
  }

  @Test
  void whenTenantAndModelHaveMaximums_theLeastCounts() {
    Map<String, Long> ofModel = Map.of(TestAuthority.MODEL, 500L, "other", 1L);

    assertEquals(
        effective(500, true), cap(ask().cap(900L), ROW, most(null, ofModel, AboveMax.CLAMP)));
    assertEquals(
        effective(500, true), cap(ask().cap(900L), ROW, most(800L, ofModel, AboveMax.CLAMP)));
    assertEquals(
        effective(300, true), cap(ask().cap(900L), ROW, most(300L, ofModel, AboveMax.CLAMP)));
    assertEquals(
        effective(500, true),
        cap(ask().model("else").cap(900L), ROW, most(800L, ofModel, AboveMax.CLAMP)),
        "the row counts, not its name in the ask");
  }

  @Test
  void whenACountedInputExceedsTheWindow_theAskIsRefused() {
    Price row = new RowBuilder(TestAuthority.MODEL).window(1_000L).build();

    assertEquals(effective(10, false), cap(ask().cap(10L).input(1_000), row, Policy.DEFAULT));
    assertEquals(
        ProblemCode.CONTEXT_WINDOW_EXCEEDED,
        refusal(ask().cap(10L).input(1_001), row, Policy.DEFAULT));
    assertEquals(
        effective(10, false), cap(ask().cap(10L).input(null, 5_000L), row, Policy.DEFAULT));
    assertEquals(effective(10, false), cap(ask().cap(10L).input(1_001L, 5L), row, Policy.DEFAULT));
    assertEquals(
        effective(10, false),
        cap(ask().cap(10L).input(1_001).unbounded(), row, Policy.DEFAULT),
        "unbounded overrides what was counted");
    Price without = new RowBuilder(TestAuthority.MODEL).window(null).build();
    assertEquals(effective(10, false), cap(ask().cap(10L).input(9_999), without, Policy.DEFAULT));
  }

  @Test
  void whenInputAndOutputShareAWindow_theOutputGetsTheRest() {
    Price row = new RowBuilder(TestAuthority.MODEL).sharedWindow(1_000).build();

    assertEquals(effective(400, true), cap(ask().cap(900L).input(600), row, Policy.DEFAULT));
    assertEquals(effective(400, false), cap(ask().cap(400L).input(600), row, Policy.DEFAULT));
    assertEquals(effective(1, true), cap(ask().cap(900L).input(999), row, Policy.DEFAULT));
    assertEquals(
        ProblemCode.CONTEXT_WINDOW_EXCEEDED,
        refusal(ask().cap(1L).input(1_000), row, Policy.DEFAULT));
    assertEquals(
        effective(900, false),
        cap(ask().cap(900L).input(null, 600L), row, Policy.DEFAULT),
        "bytes are a bound, not a count");
    assertEquals(effective(900, false), cap(ask().cap(900L).unbounded(), row, Policy.DEFAULT));
  }
}
