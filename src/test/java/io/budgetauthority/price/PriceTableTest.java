package io.budgetauthority.price;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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

    assertEquals("a:m", found(table, null, "m"));
    assertEquals("a:m", found(table, "a", "m"));
    assertEquals("b:b/m", found(table, "b", "m"));
    assertEquals("b:b/m", found(table, null, "b/m"));
    assertEquals("b:b/m", found(table, "b", "b/m"));
    assertEquals("unknown", found(table, "d", "m"));
    assertEquals("unknown", found(table, "c", "b/m"));
  }

  @Test
  void whenOnlyOneKeyEndsInTheName_itsRowIsFound() {
    PriceTable table =
        table(row("a", "a/x/m"), row("b", "b/y/m"), row("a", "a/z/n"), row("c", "c/M"));

    assertEquals("a/x/m, b/y/m", found(table, null, "m"));
    assertEquals("a:a/x/m", found(table, "a", "m"));
    assertEquals("a:a/x/m", found(table, null, "x/m"));
    assertEquals("a:a/z/n", found(table, null, "n"));
    assertEquals("unknown", found(table, null, "/m"));
    assertEquals("unknown", found(table, null, "z"));
    assertEquals("c:c/M", found(table, null, "M"), "no case is changed");
  }

  @Test
  void whenAKeyBeginsWithTheSeparator_itsEndIsFound() {
    assertEquals("a:/m", found(table(row("a", "/m")), null, "m"));
  }

  @Test
  void whenAKeyBeginsWithAProvider_thatProviderFindsIt() {
    PriceTable table =
        table(row("vertex_ai-models", "vertex_ai/m"), row("other", "vertex_ai-m"), row("x", "p"));

    assertEquals("vertex_ai-models:vertex_ai/m", found(table, "vertex_ai", "m"));
    assertEquals("vertex_ai-models:vertex_ai/m", found(table, "vertex_ai", "vertex_ai/m"));
    assertEquals("unknown", found(table, "vertex_ai", "vertex_ai-m"));
    assertEquals("unknown", found(table, "p", "p"));
  }

  @Test
  void whenANameIsAnAlias_itsRowIsFound() {
    PriceTable table = table(row("a", "m", "also-m", "x/alias"));

    assertEquals("a:m", found(table, null, "also-m"));
    assertEquals("a:m", found(table, null, "alias"));
    assertEquals("a:m", found(table, "a", "alias"));
    assertEquals(List.of("m"), table.rows().stream().map(Price::model).toList());
    assertEquals(List.of("also-m", "x/alias"), table.rows().getFirst().aliases());
  }

  @Test
  void whenTwoNamesOfOneRowEndAlike_theRowIsFound() {
    assertEquals("a:a/m", found(table(row("a", "a/m", "b/m")), null, "m"));
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

    assertTrue(table.hasZeroRow(zero));
    assertFalse(table.hasZeroRow(new RowName("b", "zero")));
    assertFalse(table.hasZeroRow(new RowName("a", "alias")));
    assertFalse(table.hasZeroRow(new RowName("a", "priced")));
    assertFalse(table.hasZeroRow(new RowName("a", "nobody")));
    assertFalse(table.hasApprovedRow(zero));
    PriceTable approved = table.approving(List.of(zero));
    assertTrue(approved.hasApprovedRow(zero));
    assertFalse(approved.hasApprovedRow(new RowName("a", "priced")));
    assertEquals("v", approved.version());
    assertEquals("s", approved.source());
    assertEquals(Instant.EPOCH, approved.createdAt());
    Price withoutCards =
        new Price("a", "none", "chat", null, null, null, false, null, null, null, false);
    assertFalse(table(withoutCards).hasZeroRow(new RowName("a", "none")));
  }

  @Test
  void whenModeAndUnitsDoNotSayOtherwise_aRowHasOutput() {
    for (String mode : List.of("embedding", "rerank", "moderation")) {
      assertFalse(row("a", "m", mode, 1, 9L).hasOutput(), mode);
    }
    assertTrue(row("a", "m", "chat", 1, null).hasOutput());
    RateCard images = new RateCard("default", 0, Map.of(), Map.of(BillingUnit.IMAGES, 1L));
    assertFalse(withCards("image_generation", null, images).hasOutput());
    assertTrue(withCards("image_generation", 9L, images).hasOutput(), "it states a limit");
    RateCard flex = new RateCard("flex", 0, Map.of(TokenClass.OUTPUT, 1L), Map.of());
    assertTrue(withCards("image_generation", null, images, flex).hasOutput());
    assertTrue(withCards("chat", null).hasOutput(), "nobody knows what it bills");
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

    assertTrue(withCards("chat", null, zero).allZero());
    assertFalse(withCards("chat", null, unit).allZero());
    assertFalse(withCards("chat", null, zero, later).allZero());
    Price tool =
        new Price(
            "a", "m", "chat", null, null, null, false, null, List.of(zero), Map.of("t", 1L), false);
    assertTrue(tool.allZero(), "a plain call of it would cost nothing");
    Price toolAlone =
        new Price(
            "a", "m", "chat", null, null, null, false, null, List.of(), Map.of("t", 1L), false);
    assertFalse(toolAlone.allZero());
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
      assertEquals(tokenClass, TokenClass.ofWireName(tokenClass.wireName()));
    }
    for (BillingUnit unit : BillingUnit.values()) {
      assertEquals(unit, BillingUnit.ofWireName(unit.wireName()));
    }
    for (Capability capability : Capability.values()) {
      assertEquals(capability, Capability.ofWireName(capability.wireName()));
    }
    assertEquals("cache_write_1h", TokenClass.CACHE_WRITE_1H.wireName());
    assertEquals("images", BillingUnit.IMAGES.wireName());
    assertEquals("json_schema", Capability.JSON_SCHEMA.wireName());
    assertThrows(IllegalArgumentException.class, () -> TokenClass.ofWireName("INPUT"));
    assertThrows(IllegalArgumentException.class, () -> BillingUnit.ofWireName("IMAGES"));
    assertThrows(IllegalArgumentException.class, () -> Capability.ofWireName("TOOLS"));
    assertInstanceOf(Found.Unknown.class, table().find(null, "m"));
  }
}
