package io.budgetauthority.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Bounds;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.price.Usage;
import io.budgetauthority.record.AccountName;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.record.Asked;
import io.budgetauthority.record.ChargedUsage;
import io.budgetauthority.record.Decision;
import io.budgetauthority.record.InputBasis;
import io.budgetauthority.record.ProblemCode;
import io.budgetauthority.record.RecordJson;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.record.Verdict;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.Window;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// How a decision is stored, and what tells two requests apart.
class RecordJsonTest {

  @Test
  void whenARowIsReadBack_itIsEqualAndOneSharedObject() {
    String name = "row-" + UUID.randomUUID();
    Price row = new RowBuilder(name).can(Capability.TOOLS).build();

    Price read = RecordJson.unpackPrice(RecordJson.packPrice(row));

    assertThat(read.model()).isEqualTo(name);
    assertThat(read.cards()).isEqualTo(row.cards());
    assertThat(read.capabilities()).isEqualTo(row.capabilities());
    assertThat(read.windowTokens()).isEqualTo(row.windowTokens());
    assertThat(RecordJson.unpackPrice(RecordJson.packPrice(row))).isSameAs(read);
  }

  @Test
  void whenAValueIsWritten_itIsReadBackAndBadJsonIsAFault() {
    Asked asked =
        new Asked(
            null,
            100L,
            true,
            new AskBuilder().build().parts(),
            3,
            Map.of("images", UnitCount.of(2), "seconds", new UnitCount(12_500_000)),
            Map.of("web_search", 1L),
            Bounds.AUTO_TIER,
            "us",
            "fast");
    Decision decision =
        new Decision(
            new Verdict.Granted(
                Verdict.Kind.DOWNGRADE,
                ProblemCode.OUTPUT_CAP_REQUIRED,
                new AccountName(Scope.TEAM, "blue", Window.DAY)),
            Mode.SOFT_GATE,
            new Decision.Subject("run", "parent", null, new Tuple("ada", null, "blue", null)),
            new Decision.Model("openai", "dear", "cheap", "chat", "azure"),
            new Decision.Tokens(7L, InputBasis.BYTES, 100L, 50L, true),
            new Decision.Service("flex", "us", "fast"),
            MicroUsd.of(150),
            List.of(
                new AccountShare(
                    Scope.TEAM,
                    "blue",
                    Window.DAY,
                    "2026-11-24",
                    3,
                    Mode.SOFT_GATE,
                    MicroUsd.of(20),
                    MicroUsd.of(1_000),
                    MicroUsd.of(150),
                    MicroUsd.of(300),
                    MicroUsd.of(150),
                    Instant.parse("2026-11-25T00:00:00Z"),
                    true,
                    List.of(50),
                    Mode.SOFT_GATE,
                    MicroUsd.of(20))),
            List.of(),
            List.of("a warning"),
            "table-1",
            Instant.parse("2026-11-24T10:00:00.123Z"),
            "ledger_unavailable",
            asked);
    ChargedUsage usage =
        new ChargedUsage(Usage.ofTokens(10, 5), "openai", "cheap", List.of("reasoning_tokens"));

    assertThat(RecordJson.readDecision(RecordJson.write(decision))).isEqualTo(decision);
    assertThat(RecordJson.readUsage(RecordJson.write(usage))).isEqualTo(usage);
    assertThat(RecordJson.unpackDecision(RecordJson.pack(decision))).isEqualTo(decision);
    assertThat(RecordJson.unpackUsage(RecordJson.pack(usage))).isEqualTo(usage);
    byte[] cut = Arrays.copyOf(RecordJson.pack(decision), 20);
    assertThrows(IllegalStateException.class, () -> RecordJson.unpackDecision(cut));
    assertThrows(IllegalStateException.class, () -> RecordJson.unpackUsage(new byte[] {2, 3}));
    assertThrows(IllegalStateException.class, () -> RecordJson.unpackUsage(new byte[0]));
    assertThrows(IllegalStateException.class, () -> RecordJson.readDecision("{"));
    assertThrows(IllegalStateException.class, () -> RecordJson.readUsage("{"));
    assertThrows(IllegalStateException.class, () -> RecordJson.readPrice("{"));
  }

  @Test
  void whenRequestsMeanTheSame_onlyThenTheirHashesAreEqual() {
    String hash = RecordJson.hash(new AskBuilder().cap(10L).build());

    assertThat(RecordJson.hash(new AskBuilder().cap(10L).build())).isEqualTo(hash);
    assertThat(RecordJson.hash(new AskBuilder().cap(11L).build())).isNotEqualTo(hash);
    assertThat(RecordJson.hash(new AskBuilder().cap(10L).parent("run").build())).isNotEqualTo(hash);
    assertThat(RecordJson.hash(new AskBuilder().units(Map.of("pages", 2L, "images", 1L)).build()))
        .isEqualTo(
            RecordJson.hash(new AskBuilder().units(Map.of("images", 1L, "pages", 2L)).build()));
  }
}
