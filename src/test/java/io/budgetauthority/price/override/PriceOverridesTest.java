package io.budgetauthority.price.override;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.budgetauthority.TestConfiguration;
import io.budgetauthority.configuration.ChangePriceOverride;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.PriceTable.Found;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.tenant.store.AuditEntry;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A tenant's own prices, which win over the table's (pricing.md#overrides), on the real ledger
/// table.
class PriceOverridesTest {

  private static final Instant NOW = Instant.parse("2026-11-24T10:00:00Z");

  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

  private final TestConfiguration configuration = TestConfiguration.shared(CLOCK);
  private final PriceOverrides overrides = configuration.overrides;
  private final String tenant = "tenant-" + UUID.randomUUID();
  private final PriceTable table =
      new PriceTable(
          "v1",
          NOW,
          "a test",
          List.of(row("one", "a/m", 1), row("two", "b/m", 2), row("p", "n", 3)));

  private static Price row(String provider, String model, long picos) {
    return new Price(
        provider,
        model,
        "chat",
        null,
        null,
        null,
        false,
        null,
        List.of(new RateCard("default", 0, Map.of(TokenClass.INPUT, picos), Map.of())),
        null,
        false);
  }

  private ChangePriceOverride.Result change(TestConfiguration process, PriceOverride override) {
    return process.changeOverride.put(TestConfiguration.admin(tenant), override, it -> it);
  }

  private ChangePriceOverride.Result delete(String provider, String model) {
    return configuration.changeOverride.delete(
        TestConfiguration.admin(tenant), provider, model, it -> it);
  }

  private static PriceOverride override(String provider, String model, long picos) {
    return new PriceOverride(
        provider,
        model,
        null,
        null,
        null,
        Set.of(),
        Map.of(TokenClass.INPUT, picos),
        Map.of(),
        Map.of(),
        true);
  }

  private void put(PriceOverride override) {
    assertEquals(ChangePriceOverride.Result.CREATED, change(configuration, override));
  }

  private Found find(@Nullable String provider, String model) {
    return overrides.find(tenant, table, provider, model);
  }

  private static long picos(Found found) {
    return found instanceof Found.Row row
        ? row.price().cards().getFirst().tokenPicos().getOrDefault(TokenClass.INPUT, -1L)
        : -1;
  }

  @Test
  void whenThereIsNoOverride_theTableAnswers() {
    assertEquals(3, picos(find(null, "n")));
    assertEquals(new Found.Unknown(), find(null, "nobody"));
    assertEquals(new Found.Ambiguous(List.of("a/m", "b/m")), find(null, "m"));
  }

  @Test
  void whenARowIsOverridden_everyNameOfItGetsTheOverride() {
    put(override("one", "a/m", 100));

    assertEquals(100, picos(find(null, "a/m")));
    assertEquals(100, picos(find("one", "m")), "the row that it means is the overridden one");
    assertEquals(2, picos(find("two", "m")));
    assertEquals(3, picos(find(null, "n")));
  }

  @Test
  void whenAnOverrideNamesARowByItsEnding_everySpellingHasIt() {
    put(override("one", "m", 100));

    assertEquals(100, picos(find("one", "m")));
    assertEquals(100, picos(find("one", "a/m")));
    assertEquals(100, picos(find(null, "a/m")));
    assertEquals(2, picos(find("two", "m")));
  }

  @Test
  void whenTwoOverridesNameOneRow_theOneOfItsKeyCounts() {
    put(override("one", "m", 100));
    put(override("one", "a/m", 200));

    assertEquals(200, picos(find("one", "m")));
    assertEquals(200, picos(find("one", "a/m")));
  }

  @Test
  void whenTheCacheIsOlderThanADecision_itIsReadAgain() {
    PriceOverrides elsewhere = TestConfiguration.shared(CLOCK).overrides;
    assertEquals(3, picos(elsewhere.find(tenant, table, "p", "n")));
    put(override("p", "n", 100));

    assertEquals(3, picos(elsewhere.find(tenant, table, "p", "n")));
    assertEquals(100, picos(elsewhere.findAt(tenant, table, "p", "n", NOW.plusSeconds(1))));
  }

  @Test
  void whenTheTableLacksAModel_itsExactNamesFindTheOverride() {
    put(override("own", "mine", 100));

    assertEquals(100, picos(find(null, "mine")));
    assertEquals(100, picos(find("own", "mine")));
    assertEquals(new Found.Unknown(), find("other", "mine"));
    assertEquals(new Found.Unknown(), find("own", "min"));
  }

  @Test
  void whenANameMeansTwoOverrides_itIsAmbiguous() {
    put(override("own", "mine", 100));
    put(override("other", "mine", 200));

    assertEquals(new Found.Ambiguous(List.of("other/mine", "own/mine")), find(null, "mine"));
    assertEquals(200, picos(find("other", "mine")));
  }

  @Test
  void whenAnOverrideIsDeleted_theTablesPriceApplies() {
    put(override("p", "n", 100));
    assertEquals(
        ChangePriceOverride.Result.REPLACED, change(configuration, override("p", "n", 101)));
    assertEquals(101, picos(find("p", "n")));
    assertEquals(List.of(override("p", "n", 101)), overrides.list(tenant));

    assertEquals(ChangePriceOverride.Result.DELETED, delete("p", "n"));
    assertEquals(3, picos(find("p", "n")));
    assertEquals(Optional.empty(), overrides.get(tenant, "p", "n"));
    assertEquals(ChangePriceOverride.Result.UNKNOWN, delete("p", "n"));
    List<AuditEntry> trail = configuration.audit.list(tenant, 10, null);
    assertEquals(3, trail.size());
    assertEquals("price-overrides/p/n", trail.getFirst().subject());
    assertEquals(
        List.of(101L, 100L),
        trail.stream()
            .flatMap(it -> Optional.ofNullable(it.to()).stream())
            .filter(it -> !it.isNull())
            .map(it -> it.at("/tokens/input").longValue())
            .sorted(Comparator.reverseOrder())
            .toList());
  }

  @Test
  void whenOneOverrideIsRead_itIsTheStoredAndNotTheCached() {
    TestConfiguration elsewhere = TestConfiguration.shared(CLOCK);
    assertEquals(3, picos(find("p", "n")));
    PriceOverride other = override("p", "n", 100);
    assertEquals(ChangePriceOverride.Result.CREATED, change(elsewhere, other));

    assertEquals(3, picos(find("p", "n")), "cached for less than a minute");
    assertEquals(Optional.of(other), overrides.get(tenant, "p", "n"));
    assertEquals(Optional.empty(), overrides.get(tenant, "p", "other"));
    assertEquals(Optional.empty(), overrides.get(tenant, "q", "n"));
    assertEquals(1, overrides.list(tenant).size());
  }

  @Test
  void whenATenantHasAnOverride_noOtherTenantHasIt() {
    put(override("p", "n", 100));

    assertEquals(3, picos(overrides.find(tenant + "#config", table, "p", "n")));
    assertEquals(3, picos(overrides.find("other-" + tenant, table, "p", "n")));
  }

  /// A sort key has at most 1,024 bytes, and 256 characters may be more.
  @Test
  void whenNamesAreLongOrHoldSeparators_theyAreKeptApart() {
    String long256 = "ü".repeat(256);
    put(override("p#q", "n", 1));
    put(override("p", "q#n", 2));
    put(override(long256, "€".repeat(256), 3));
    put(override(long256, "€".repeat(255) + "$", 4));

    assertEquals(1, picos(find("p#q", "n")));
    assertEquals(2, picos(find("p", "q#n")));
    assertEquals(3, picos(find(long256, "€".repeat(256))));
    assertEquals(4, picos(find(long256, "€".repeat(255) + "$")));
    assertEquals(4, overrides.list(tenant).size());
  }
}
