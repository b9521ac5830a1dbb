package io.budgetauthority.decision;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.UnitCount;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What is kept of a decision as text, and what tells two requests apart.
class DecisionJsonTest {

  @Test
  void whenARowIsReadBack_itIsEqualAndOneSharedObject() {
    String name = "row-" + UUID.randomUUID();
    Price row = new RowBuilder(name).can(Capability.TOOLS).build();

    Price read = DecisionJson.readPrice(DecisionJson.writePrice(row));

    assertEquals(name, read.model());
    assertEquals(row.cards(), read.cards());
    assertEquals(row.capabilities(), read.capabilities());
    assertEquals(row.windowTokens(), read.windowTokens());
    assertSame(read, DecisionJson.readPrice(DecisionJson.writePrice(row)));
  }

  @Test
  void whenAValueIsWritten_itIsReadBackAndBadJsonIsAFault() {
    DecisionFacts.Asked asked =
        new DecisionFacts.Asked(
            null,
            100L,
            true,
            new AskBuilder().build().parts(),
            3,
            Map.of("images", UnitCount.of(2), "seconds", new UnitCount(12_500_000)),
            Map.of("web_search", 1L),
            Bounds.AUTO_TIER,
            "us",
            "fast",
            List.of());

    assertEquals(asked, DecisionJson.read(DecisionJson.write(asked), DecisionFacts.Asked.class));
    assertThrows(
        IllegalStateException.class, () -> DecisionJson.read("{", DecisionFacts.Asked.class));
    assertThrows(IllegalStateException.class, () -> DecisionJson.readFacts("{"));
    assertThrows(IllegalStateException.class, () -> DecisionJson.readPrice("{"));
  }

  @Test
  void whenRequestsMeanTheSame_onlyThenTheirHashesAreEqual() {
    String hash = DecisionJson.hash(new AskBuilder().cap(10L).build());

    assertEquals(hash, DecisionJson.hash(new AskBuilder().cap(10L).build()));
    assertNotEquals(hash, DecisionJson.hash(new AskBuilder().cap(11L).build()));
    assertNotEquals(hash, DecisionJson.hash(new AskBuilder().cap(10L).parent("run").build()));
    assertEquals(
        DecisionJson.hash(new AskBuilder().units(Map.of("images", 1L, "pages", 2L)).build()),
        DecisionJson.hash(new AskBuilder().units(Map.of("pages", 2L, "images", 1L)).build()));
  }
}
