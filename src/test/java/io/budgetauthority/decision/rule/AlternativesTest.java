package io.budgetauthority.decision.rule;

import static io.budgetauthority.decision.PolicyBuilder.listed;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.budgetauthority.TestAuthority;
import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.EnforcedAccountBuilder;
import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.Questions;
import io.budgetauthority.decision.RowBuilder;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.record.Alternative;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Which models may take a requested one's place, and what is shown of them
/// (protocol.md#downgrade).
class AlternativesTest {

  private static final Price REQUESTED = new RowBuilder(TestAuthority.MODEL).build();

  private static Decider.Candidate candidate(RowBuilder row) {
    Price price = row.build();
    return Questions.candidate(listed(price.model()), price);
  }

  private static Decider.Input question(
      AskBuilder ask, Policy policy, @Nullable Price row, RowBuilder... candidates) {
    EnforcedAccount run = new EnforcedAccountBuilder(Scope.RUN, 1_000).build();
    return Questions.of(
        ask.build(),
        policy,
        row,
        Stream.of(candidates).map(AlternativesTest::candidate).toList(),
        List.of(run));
  }

  private static boolean isUsable(AskBuilder ask, RowBuilder candidate) {
    return isUsable(ask, Policy.DEFAULT, candidate);
  }

  private static boolean isUsable(AskBuilder ask, Policy policy, RowBuilder candidate) {
    return !Alternatives.usable(question(ask, policy, REQUESTED, candidate)).isEmpty();
  }

  private static RowBuilder other() {
    return new RowBuilder("other");
  }

  private static AskBuilder ask() {
    return new AskBuilder().input(100).cap(10L);
  }

  @Test
  void whenAListedModelCanTakeTheCall_itIsAnAlternative() {
    assertTrue(isUsable(ask(), other()));
  }

  @Test
  void whenACapabilityIsMissing_theModelIsNoAlternative() {
    AskBuilder demanding = ask().requires(Capability.TOOLS, Capability.VISION);

    assertFalse(isUsable(demanding, other().can(Capability.TOOLS)));
    assertTrue(
        isUsable(
            demanding, other().can(Capability.TOOLS, Capability.VISION, Capability.STREAMING)));
  }

  @Test
  void whenTheKnownModalityDiffers_theModelIsNoAlternative() {
    RowBuilder drawing = other().mode("image_generation");

    assertFalse(isUsable(ask(), drawing));
    assertEquals(1, Alternatives.usable(question(ask(), Policy.DEFAULT, null, drawing)).size());
  }

  @Test
  void whenAnAlternativeIsAnAlias_itsRowsNameMustBeAllowed() {
    Policy narrow = new PolicyBuilder().allow("this").build();
    Decider.Candidate renamed = Questions.candidate(listed("alias-of-other"), other().build());
    Decider.Input byAlias =
        Questions.of(
            ask().build(),
            new PolicyBuilder().allow("alias-of-other").build(),
            REQUESTED,
            List.of(renamed),
            List.of());
    Decider.Input byPattern =
        Questions.of(
            ask().build(),
            new PolicyBuilder().allow("oth*").build(),
            REQUESTED,
            List.of(renamed),
            List.of());
    Decider.Input byRow =
        Questions.of(
            ask().build(),
            new PolicyBuilder().allow("other").build(),
            REQUESTED,
            List.of(renamed),
            List.of());

    assertFalse(isUsable(ask(), narrow, other()));
    assertEquals(List.of(), Alternatives.usable(byAlias), "the name means no row");
    assertEquals(List.of(renamed), Alternatives.usable(byRow));
    assertEquals(List.of(renamed), Alternatives.usable(byPattern));
  }

  @Test
  void whenTheInputOrContextIsTooLarge_itIsNoAlternative() {
    assertTrue(isUsable(ask().input(1_000), other().window(1_000L)));
    assertFalse(isUsable(ask().input(1_001), other().window(1_000L)));
    assertTrue(isUsable(ask().context(1_000), other().window(1_000L)));
    assertFalse(isUsable(ask().context(1_001), other().window(1_000L)));
    assertFalse(isUsable(ask().context(5).input(1_001), other().window(1_000L)));
    assertTrue(isUsable(ask().input(null, 5_000L), other().window(1_000L)), "bytes are a bound");
  }

  @Test
  void whenTheModelStatesNoWindow_itTakesNoCallThatNeedsOne() {
    assertTrue(isUsable(ask(), other().window(null)));
    assertFalse(isUsable(ask().context(5), other().window(null)));
    assertFalse(isUsable(ask().unbounded(), other().window(null)));
    assertTrue(isUsable(ask().unbounded(), other()));
  }

  @Test
  void whenTheModelCannotBePriced_itIsNoAlternative() {
    assertFalse(isUsable(ask(), other().picos(0, 0)));
    assertFalse(isUsable(ask(), other().unit(BillingUnit.PAGES, 5_000_000)));
    assertTrue(
        isUsable(ask().units(Map.of("pages", 2L)), other().unit(BillingUnit.PAGES, 5_000_000)));
  }

  @Test
  void whenTheWindowLeavesNoOutput_theModelIsNoAlternative() {
    assertFalse(isUsable(ask().input(1_000), other().sharedWindow(1_000)));
    assertTrue(isUsable(ask().input(999), other().sharedWindow(1_000)));
  }

  @Test
  void whenAlternativesAreShown_thoseThatFitTheBudgetComeFirst() {
    // The run has 1,000 micro-USD left; 100 tokens of input and 10 of output cost 150 at the usual
    // price.
    List<Alternative> shown =
        Alternatives.of(
            question(
                ask(),
                Policy.DEFAULT,
                REQUESTED,
                new RowBuilder("dear-1").picos(100_000_000, 1),
                new RowBuilder("fits-1").can(Capability.TOOLS).window(300_000L),
                new RowBuilder("dear-2").picos(100_000_000, 1),
                new RowBuilder("fits-2").can(Capability.JSON_SCHEMA)));

    assertEquals(
        List.of("fits-1", "fits-2", "dear-1", "dear-2"),
        shown.stream().map(Alternative::model).toList());
    assertEquals(
        List.of(true, true, false, false), shown.stream().map(Alternative::fitsBudget).toList());
    assertEquals(
        new Alternative(
            "fits-1",
            "test",
            MicroUsd.of(150),
            true,
            true,
            false,
            300_000L,
            "smaller",
            "it does as well"),
        shown.getFirst());
    assertEquals(
        List.of(false, true),
        shown.subList(0, 2).stream().map(Alternative::supportsJsonSchema).toList());
  }

  @Test
  void whenAnAlternativeIsQuoted_itsCapAndProviderAreItsOwn() {
    Policy.DowngradeRule.Alternative elsewhere =
        new Policy.DowngradeRule.Alternative("elsewhere", "other", null, null, List.of());
    Price small = other().outputLimit(4L).build();
    Decider.Input question = question(ask().provider("first"), Policy.DEFAULT, REQUESTED);

    Quote named = Alternatives.quote(question, Questions.candidate(elsewhere, small));
    assertEquals("elsewhere", named.provider());
    assertEquals(4, named.capTokens());
    assertTrue(named.clamped());
    assertEquals(MicroUsd.of(120), named.estimate().worst());
    Quote unnamed = Alternatives.quote(question, Questions.candidate(listed("other"), small));
    assertEquals("test", unnamed.provider(), "its row's, not the requested one");
    Quote unclamped = Alternatives.quote(question, Questions.candidate(elsewhere, other().build()));
    assertFalse(unclamped.clamped());
    assertEquals(10, unclamped.capTokens());
  }

  @Test
  void whenAnAlternativeListsRequestClasses_noOtherMayUseIt() {
    Decider.Candidate forAll = Questions.candidate(listed("other"), REQUESTED);
    Decider.Candidate forSome = Questions.candidate(listed("other", "routine", "chat"), REQUESTED);

    assertTrue(Alternatives.permitsClass(forAll, ask().build()));
    assertTrue(Alternatives.permitsClass(forAll, ask().requestClass("hard").build()));
    assertTrue(Alternatives.permitsClass(forSome, ask().requestClass("chat").build()));
    assertFalse(Alternatives.permitsClass(forSome, ask().requestClass("hard").build()));
    assertFalse(Alternatives.permitsClass(forSome, ask().build()));
  }
}
