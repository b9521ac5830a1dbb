package io.budgetauthority.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// The updates that are made of attributes.
class UpdateBuilderTest {

  private static final Key KEY = new Key("a", "b");

  @Test
  void whenAnUpdateDoesAll_eachAttributeIsNamedOnce() {
    Write.Update update =
        Write.Update.at("table", KEY)
            .set(Attributes.builder().put("state", "open").put("day", 1).build())
            .add(Map.of("n", 2L))
            .remove(List.of("ttl"))
            .build();

    assertThat(update.expression())
        .isEqualTo("SET #day = :day, #state = :state ADD #n :n REMOVE #ttl");
    assertThat(update.names())
        .isEqualTo(Map.of("#day", "day", "#state", "state", "#n", "n", "#ttl", "ttl"));
    assertThat(update.values())
        .isEqualTo(Attributes.builder().put(":day", 1).put(":state", "open").put(":n", 2).build());
    assertThat(update.condition()).isNull();
  }

  @Test
  void whenAnUpdateHasACondition_namesAndValuesOfBothAreSent() {
    Write.Condition same =
        new Write.Condition("#rev = :seen", Map.of("#rev", "rev"), Attributes.of(":seen", 3));

    Write.Update update =
        Write.Update.at("table", KEY)
            .set(Attributes.of("rev", 4))
            .build()
            .onlyIf(same)
            .returningStored();

    assertThat(update.expression()).isEqualTo("SET #rev = :rev");
    assertThat(update.condition()).isEqualTo("#rev = :seen");
    assertThat(update.values())
        .isEqualTo(Attributes.builder().put(":rev", 4).put(":seen", 3).build());
    assertThat(update.returnsStored()).isTrue();
  }
}
