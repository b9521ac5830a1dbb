package io.budgetauthority.decision.rule;

import static io.budgetauthority.decision.PolicyBuilder.listed;
import static io.budgetauthority.decision.PolicyBuilder.rule;
import static org.assertj.core.api.Assertions.assertThat;

import io.budgetauthority.decision.PolicyBuilder;
import io.budgetauthority.decision.RowBuilder;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable.Found;
import io.budgetauthority.tenant.Policy;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Which rows a policy's rules list for a requested model.
class CandidatesTest {

  private static final Price ROW = new RowBuilder("row").build();

  @Test
  void whenRulesMatchTheModel_alternativesWithARowAreListed() {
    Policy policy =
        new PolicyBuilder()
            .downgrade(
                rule("big", null, listed("b"), listed("unknown"), listed("a")),
                rule("another", null, listed("c")),
                rule("big", 50, listed("several"), listed("d")))
            .build();

    List<Decider.Candidate> candidates =
        Candidates.of(
            policy,
            "big",
            null,
            (provider, model) ->
                switch (model) {
                  case "unknown" -> new Found.Unknown();
                  case "several" -> new Found.Ambiguous(List.of("x/several", "y/several"));
                  default -> new Found.Row(ROW);
                });

    assertThat(candidates.stream().map(it -> it.listed().model()).toList())
        .isEqualTo(List.of("b", "a", "d"));
    assertThat(candidates.getFirst().row()).isEqualTo(ROW);
  }
}
