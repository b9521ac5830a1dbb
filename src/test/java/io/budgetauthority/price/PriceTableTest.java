package io.budgetauthority.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.budgetauthority.price.PriceTable.Found;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a name means (pricing.md#names), and what a row can be asked.
class PriceTableTest {

  private static Price row(String provider, String model, String... aliases) {
    return row(provider, model, "chat", 1, null, aliases);
  }

  private static Price row(
      String provider,
      String model,
      String mode,
      long picos,
      @Nullable Long outputLimit,
      String... aliases) {
    return new Price(
        provider,
        model,
        mode,
        List.of(aliases),
        null,
        outputLimit,
        false,
        null,
        List.of(new RateCard("default", 0, Map.of(TokenClass.INPUT, picos), Map.of())),
        null,
        false);
  }

  private static PriceTable table(Price... rows) {
    return new PriceTable("v", Instant.EPOCH, "s", List.of(rows));
  }

  private static String found(PriceTable table, @Nullable String provider, String name) {
    return switch (table.find(provider, name)) {
      case Found.Row it -> it.price().toString();
      case Found.Ambiguous it -> String.join(", ", it.candidates());
      case Found.Unknown it -> "unknown";
    };
  }

  @Test
  void whenANameIsAKey_itsRowIsFoundFirst() {
    PriceTable table = table(row("a", "m"), row("b", "b/m"), row("c", "c/m"));

    assertThat(found(table, null, "m")).isEqualTo("a:m");
    assertThat(found(table, "a", "m")).isEqualTo("a:m");
    assertThat(found(table, "b", "m")).isEqualTo("b:b/m");
    assertThat(found(table, null, "b/m")).isEqualTo("b:b/m");
    assertThat(found(table, "b", "b/m")).isEqualTo("b:b/m");
    assertThat(found(table, "d", "m")).isEqualTo("unknown");
    assertThat(found(table, "c", "b/m")).isEqualTo("unknown");
  }

  @Test
  void whenOnlyOneKeyEndsInTheName_itsRowIsFound() {
    PriceTable table =
        table(row("a", "a/x/m"), row("b", "b/y/m"), row("a", "a/z/n"), row("c", "c/M"));

    assertThat(found(table, null, "m")).isEqualTo("a/x/m, b/y/m");
    assertThat(found(table, "a", "m")).isEqualTo("a:a/x/m");
    assertThat(found(table, null, "x/m")).isEqualTo("a:a/x/m");
    assertThat(found(table, null, "n")).isEqualTo("a:a/z/n");
    assertThat(found(table, null, "/m")).isEqualTo("unknown");
    assertThat(found(table, null, "z")).isEqualTo("unknown");
    assertThat(found(table, null, "M")).as("no case is changed").isEqualTo("c:c/M");
  }

  @Test
  void whenAKeyBeginsWithTheSeparator_itsEndIsFound() {
    assertThat(found(table(row("a", "/m")), null, "m")).isEqualTo("a:/m");
  }

  @Test
  void whenAKeyBeginsWithAProvider_thatProviderFindsIt() {
    PriceTable table =
        table(row("vertex_ai-models", "vertex_ai/m"), row("other", "vertex_ai-m"), row("x", "p"));

    assertThat(found(table, "vertex_ai", "m")).isEqualTo("vertex_ai-models:vertex_ai/m");
    assertThat(found(table, "vertex_ai", "vertex_ai/m")).isEqualTo("vertex_ai-models:vertex_ai/m");
    assertThat(found(table, "vertex_ai", "vertex_ai-m")).isEqualTo("unknown");
    assertThat(found(table, "p", "p")).isEqualTo("unknown");
  }

  @Test
  void whenANameIsAnAlias_itsRowIsFound() {
    PriceTable table = table(row("a", "m", "also-m", "x/alias"));

    assertThat(found(table, null, "also-m")).isEqualTo("a:m");
    assertThat(found(table, null, "alias")).isEqualTo("a:m");
    assertThat(found(table, "a", "alias")).isEqualTo("a:m");
    assertThat(table.rows().stream().map(Price::model).toList()).isEqualTo(List.of("m"));
    assertThat(table.rows().getFirst().aliases()).isEqualTo(List.of("also-m", "x/alias"));
  }

  @Test
  void whenTwoNamesOfOneRowEndAlike_theRowIsFound() {
    assertThat(found(table(row("a", "a/m", "b/m")), null, "m")).isEqualTo("a:a/m");
  }

  @Test
  void whenTwoRowsShareAName_theTableIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> table(row("a", "m"), row("b", "m")));
    assertThrows(IllegalArgumentException.class, () -> table(row("a", "m"), row("b", "n", "m")));
  }

  @Test
  void whenZerosAreApproved_providerAndModelMustMatch() {
    PriceTable table = table(row("a", "zero", "chat", 0, null, "alias"), row("a", "priced"));
    RowName zero = new RowName("a", "zero");

    assertThat(table.hasZeroRow(zero)).isTrue();
    assertThat(table.hasZeroRow(new RowName("b", "zero"))).isFalse();
    assertThat(table.hasZeroRow(new RowName("a", "alias"))).isFalse();
    assertThat(table.hasZeroRow(new RowName("a", "priced"))).isFalse();
    assertThat(table.hasZeroRow(new RowName("a", "nobody"))).isFalse();
    assertThat(table.hasApprovedRow(zero)).isFalse();
    PriceTable approved = table.approving(List.of(zero));
    assertThat(approved.hasApprovedRow(zero)).isTrue();
    assertThat(approved.hasApprovedRow(new RowName("a", "priced"))).isFalse();
    assertThat(approved.version()).isEqualTo("v");
    assertThat(approved.source()).isEqualTo("s");
    assertThat(approved.createdAt()).isEqualTo(Instant.EPOCH);
    Price withoutCards =
        new Price("a", "none", "chat", null, null, null, false, null, null, null, false);
    assertThat(table(withoutCards).hasZeroRow(new RowName("a", "none"))).isFalse();
  }

  @Test
  void whenModeAndUnitsDoNotSayOtherwise_aRowHasOutput() {
    for (String mode : List.of("embedding", "rerank", "moderation")) {
      assertThat(row("a", "m", mode, 1, 9L).hasOutput()).as(mode).isFalse();
    }
    assertThat(row("a", "m", "chat", 1, null).hasOutput()).isTrue();
    RateCard images = new RateCard("default", 0, Map.of(), Map.of(BillingUnit.IMAGES, 1L));
    assertThat(withCards("image_generation", null, images).hasOutput()).isFalse();
    assertThat(withCards("image_generation", 9L, images).hasOutput())
        .as("it states a limit")
        .isTrue();
    RateCard flex = new RateCard("flex", 0, Map.of(TokenClass.OUTPUT, 1L), Map.of());
    assertThat(withCards("image_generation", null, images, flex).hasOutput()).isTrue();
    assertThat(withCards("chat", null).hasOutput()).as("nobody knows what it bills").isTrue();
  }

  private static Price withCards(String mode, @Nullable Long outputLimit, RateCard... cards) {
    return new Price(
        "a",
        "m",
        mode,
        null,
        null,
        outputLimit,
        false,
        null,
        Stream.of(cards).toList(),
        null,
        false);
  }

  @Test
  void whenTokensUnitsAndToolsAreZero_theRowIsAllZero() {
    RateCard zero =
        new RateCard("default", 0, Map.of(TokenClass.INPUT, 0L), Map.of(BillingUnit.PAGES, 0L));
    RateCard unit = new RateCard("default", 0, Map.of(), Map.of(BillingUnit.PAGES, 1L));
    RateCard later = new RateCard("default", 9, Map.of(TokenClass.INPUT, 1L), Map.of());

    assertThat(withCards("chat", null, zero).allZero()).isTrue();
    assertThat(withCards("chat", null, unit).allZero()).isFalse();
    assertThat(withCards("chat", null, zero, later).allZero()).isFalse();
    Price tool =
        new Price(
            "a", "m", "chat", null, null, null, false, null, List.of(zero), Map.of("t", 1L), false);
    assertThat(tool.allZero()).as("a plain call of it would cost nothing").isTrue();
    Price toolAlone =
        new Price(
            "a", "m", "chat", null, null, null, false, null, List.of(), Map.of("t", 1L), false);
    assertThat(toolAlone.allZero()).isFalse();
  }

  @Test
  void whenAPriceIsNegativeOrANameIsUnknown_itIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new RateCard("default", 0, Map.of(TokenClass.INPUT, -1L), Map.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new RateCard("default", 0, Map.of(), Map.of(BillingUnit.PAGES, -1L)));
    for (TokenClass tokenClass : TokenClass.values()) {
      assertThat(TokenClass.ofWireName(tokenClass.wireName())).isEqualTo(tokenClass);
    }
    for (BillingUnit unit : BillingUnit.values()) {
      assertThat(BillingUnit.ofWireName(unit.wireName())).isEqualTo(unit);
    }
    for (Capability capability : Capability.values()) {
      assertThat(Capability.ofWireName(capability.wireName())).isEqualTo(capability);
    }
    assertThat(TokenClass.CACHE_WRITE_1H.wireName()).isEqualTo("cache_write_1h");
    assertThat(BillingUnit.IMAGES.wireName()).isEqualTo("images");
    assertThat(Capability.JSON_SCHEMA.wireName()).isEqualTo("json_schema");
    assertThrows(IllegalArgumentException.class, () -> TokenClass.ofWireName("INPUT"));
    assertThrows(IllegalArgumentException.class, () -> BillingUnit.ofWireName("IMAGES"));
    assertThrows(IllegalArgumentException.class, () -> Capability.ofWireName("TOOLS"));
    assertThat(table().find(null, "m")).isInstanceOf(Found.Unknown.class);
  }
}
