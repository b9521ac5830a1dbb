package io.budgetauthority.decision.rule;

import static io.budgetauthority.decision.PolicyBuilder.listed;
import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(isUsable(ask(), other())).isTrue();
  }

  @Test
  void whenACapabilityIsMissing_theModelIsNoAlternative() {
    AskBuilder demanding = ask().requires(Capability.TOOLS, Capability.VISION);

    assertThat(isUsable(demanding, other().can(Capability.TOOLS))).isFalse();
    assertThat(
            isUsable(
                demanding, other().can(Capability.TOOLS, Capability.VISION, Capability.STREAMING)))
        .isTrue();
  }

  @Test
  void whenTheKnownModalityDiffers_theModelIsNoAlternative() {
    RowBuilder drawing = other().mode("image_generation");

    assertThat(isUsable(ask(), drawing)).isFalse();
    assertThat(Alternatives.usable(question(ask(), Policy.DEFAULT, null, drawing))).hasSize(1);
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

    assertThat(isUsable(ask(), narrow, other())).isFalse();
    assertThat(Alternatives.usable(byAlias)).as("the name means no row").isEmpty();
    assertThat(Alternatives.usable(byRow)).isEqualTo(List.of(renamed));
    assertThat(Alternatives.usable(byPattern)).isEqualTo(List.of(renamed));
  }

  @Test
  void whenTheInputOrContextIsTooLarge_itIsNoAlternative() {
    assertThat(isUsable(ask().input(1_000), other().window(1_000L))).isTrue();
    assertThat(isUsable(ask().input(1_001), other().window(1_000L))).isFalse();
    assertThat(isUsable(ask().context(1_000), other().window(1_000L))).isTrue();
    assertThat(isUsable(ask().context(1_001), other().window(1_000L))).isFalse();
    assertThat(isUsable(ask().context(5).input(1_001), other().window(1_000L))).isFalse();
    assertThat(isUsable(ask().input(null, 5_000L), other().window(1_000L)))
        .as("bytes are a bound")
        .isTrue();
  }

  @Test
  void whenTheModelStatesNoWindow_itTakesNoCallThatNeedsOne() {
    assertThat(isUsable(ask(), other().window(null))).isTrue();
    assertThat(isUsable(ask().context(5), other().window(null))).isFalse();
    assertThat(isUsable(ask().unbounded(), other().window(null))).isFalse();
    assertThat(isUsable(ask().unbounded(), other())).isTrue();
  }

  @Test
  void whenTheModelCannotBePriced_itIsNoAlternative() {
    assertThat(isUsable(ask(), other().picos(0, 0))).isFalse();
    assertThat(isUsable(ask(), other().unit(BillingUnit.PAGES, 5_000_000))).isFalse();
    assertThat(
            isUsable(ask().units(Map.of("pages", 2L)), other().unit(BillingUnit.PAGES, 5_000_000)))
        .isTrue();
  }

  @Test
  void whenTheWindowLeavesNoOutput_theModelIsNoAlternative() {
    assertThat(isUsable(ask().input(1_000), other().sharedWindow(1_000))).isFalse();
    assertThat(isUsable(ask().input(999), other().sharedWindow(1_000))).isTrue();
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

    assertThat(shown.stream().map(Alternative::model).toList())
        .isEqualTo(List.of("fits-1", "fits-2", "dear-1", "dear-2"));
    assertThat(shown.stream().map(Alternative::fitsBudget).toList())
        .isEqualTo(List.of(true, true, false, false));
    assertThat(shown.getFirst())
        .isEqualTo(
            new Alternative(
                "fits-1",
                "test",
                MicroUsd.of(150),
                true,
                true,
                false,
                300_000L,
                "smaller",
                "it does as well"));
    assertThat(shown.subList(0, 2).stream().map(Alternative::supportsJsonSchema).toList())
        .isEqualTo(List.of(false, true));
  }

  @Test
  void whenAnAlternativeIsQuoted_itsCapAndProviderAreItsOwn() {
    Policy.DowngradeRule.Alternative elsewhere =
        new Policy.DowngradeRule.Alternative("elsewhere", "other", null, null, List.of());
    Price small = other().outputLimit(4L).build();
    Decider.Input question = question(ask().provider("first"), Policy.DEFAULT, REQUESTED);

    Quote named = Alternatives.quote(question, Questions.candidate(elsewhere, small));
    assertThat(named.provider()).isEqualTo("elsewhere");
    assertThat(named.capTokens()).isEqualTo(4);
    assertThat(named.clamped()).isTrue();
    assertThat(named.estimate().worst()).isEqualTo(MicroUsd.of(120));
    Quote unnamed = Alternatives.quote(question, Questions.candidate(listed("other"), small));
    assertThat(unnamed.provider()).as("its row's, not the requested one").isEqualTo("test");
    Quote unclamped = Alternatives.quote(question, Questions.candidate(elsewhere, other().build()));
    assertThat(unclamped.clamped()).isFalse();
    assertThat(unclamped.capTokens()).isEqualTo(10);
  }

  @Test
  void whenAnAlternativeListsRequestClasses_noOtherMayUseIt() {
    Decider.Candidate forAll = Questions.candidate(listed("other"), REQUESTED);
    Decider.Candidate forSome = Questions.candidate(listed("other", "routine", "chat"), REQUESTED);

    assertThat(Alternatives.permitsClass(forAll, ask().build())).isTrue();
    assertThat(Alternatives.permitsClass(forAll, ask().requestClass("hard").build())).isTrue();
    assertThat(Alternatives.permitsClass(forSome, ask().requestClass("chat").build())).isTrue();
    assertThat(Alternatives.permitsClass(forSome, ask().requestClass("hard").build())).isFalse();
    assertThat(Alternatives.permitsClass(forSome, ask().build())).isFalse();
  }
}
