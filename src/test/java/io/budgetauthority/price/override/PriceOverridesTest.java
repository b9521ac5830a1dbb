package io.budgetauthority.price.override;

import static org.assertj.core.api.Assertions.assertThat;

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
    assertThat(change(configuration, override)).isEqualTo(ChangePriceOverride.Result.CREATED);
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
    assertThat(picos(find(null, "n"))).isEqualTo(3);
    assertThat(find(null, "nobody")).isEqualTo(new Found.Unknown());
    assertThat(find(null, "m")).isEqualTo(new Found.Ambiguous(List.of("a/m", "b/m")));
  }

  @Test
  void whenARowIsOverridden_everyNameOfItGetsTheOverride() {
    put(override("one", "a/m", 100));

    assertThat(picos(find(null, "a/m"))).isEqualTo(100);
    assertThat(picos(find("one", "m")))
        .as("the row that it means is the overridden one")
        .isEqualTo(100);
    assertThat(picos(find("two", "m"))).isEqualTo(2);
    assertThat(picos(find(null, "n"))).isEqualTo(3);
  }

  @Test
  void whenAnOverrideNamesARowByItsEnding_everySpellingHasIt() {
    put(override("one", "m", 100));

    assertThat(picos(find("one", "m"))).isEqualTo(100);
    assertThat(picos(find("one", "a/m"))).isEqualTo(100);
    assertThat(picos(find(null, "a/m"))).isEqualTo(100);
    assertThat(picos(find("two", "m"))).isEqualTo(2);
  }

  @Test
  void whenTwoOverridesNameOneRow_theOneOfItsKeyCounts() {
    put(override("one", "m", 100));
    put(override("one", "a/m", 200));

    assertThat(picos(find("one", "m"))).isEqualTo(200);
    assertThat(picos(find("one", "a/m"))).isEqualTo(200);
  }

  @Test
  void whenTheCacheIsOlderThanADecision_itIsReadAgain() {
    PriceOverrides elsewhere = TestConfiguration.shared(CLOCK).overrides;
    assertThat(picos(elsewhere.find(tenant, table, "p", "n"))).isEqualTo(3);
    put(override("p", "n", 100));

    assertThat(picos(elsewhere.find(tenant, table, "p", "n"))).isEqualTo(3);
    assertThat(picos(elsewhere.findAt(tenant, table, "p", "n", NOW.plusSeconds(1)))).isEqualTo(100);
  }

  @Test
  void whenTheTableLacksAModel_itsExactNamesFindTheOverride() {
    put(override("own", "mine", 100));

    assertThat(picos(find(null, "mine"))).isEqualTo(100);
    assertThat(picos(find("own", "mine"))).isEqualTo(100);
    assertThat(find("other", "mine")).isEqualTo(new Found.Unknown());
    assertThat(find("own", "min")).isEqualTo(new Found.Unknown());
  }

  @Test
  void whenANameMeansTwoOverrides_itIsAmbiguous() {
    put(override("own", "mine", 100));
    put(override("other", "mine", 200));

    assertThat(find(null, "mine"))
        .isEqualTo(new Found.Ambiguous(List.of("other/mine", "own/mine")));
    assertThat(picos(find("other", "mine"))).isEqualTo(200);
  }

  @Test
  void whenAnOverrideIsDeleted_theTablesPriceApplies() {
    put(override("p", "n", 100));
    assertThat(change(configuration, override("p", "n", 101)))
        .isEqualTo(ChangePriceOverride.Result.REPLACED);
    assertThat(picos(find("p", "n"))).isEqualTo(101);
    assertThat(overrides.list(tenant)).isEqualTo(List.of(override("p", "n", 101)));

    assertThat(delete("p", "n")).isEqualTo(ChangePriceOverride.Result.DELETED);
    assertThat(picos(find("p", "n"))).isEqualTo(3);
    assertThat(overrides.get(tenant, "p", "n")).isEmpty();
    assertThat(delete("p", "n")).isEqualTo(ChangePriceOverride.Result.UNKNOWN);
    List<AuditEntry> trail = configuration.audit.list(tenant, 10, null);
    assertThat(trail).hasSize(3);
    assertThat(trail.getFirst().subject()).isEqualTo("price-overrides/p/n");
    assertThat(
            trail.stream()
                .flatMap(it -> Optional.ofNullable(it.to()).stream())
                .filter(it -> !it.isNull())
                .map(it -> it.at("/tokens/input").longValue())
                .sorted(Comparator.reverseOrder())
                .toList())
        .isEqualTo(List.of(101L, 100L));
  }

  @Test
  void whenOneOverrideIsRead_itIsTheStoredAndNotTheCached() {
    TestConfiguration elsewhere = TestConfiguration.shared(CLOCK);
    assertThat(picos(find("p", "n"))).isEqualTo(3);
    PriceOverride other = override("p", "n", 100);
    assertThat(change(elsewhere, other)).isEqualTo(ChangePriceOverride.Result.CREATED);

    assertThat(picos(find("p", "n"))).as("cached for less than a minute").isEqualTo(3);
    assertThat(overrides.get(tenant, "p", "n")).isEqualTo(Optional.of(other));
    assertThat(overrides.get(tenant, "p", "other")).isEmpty();
    assertThat(overrides.get(tenant, "q", "n")).isEmpty();
    assertThat(overrides.list(tenant)).hasSize(1);
  }

  @Test
  void whenATenantHasAnOverride_noOtherTenantHasIt() {
    put(override("p", "n", 100));

    assertThat(picos(overrides.find(tenant + "#config", table, "p", "n"))).isEqualTo(3);
    assertThat(picos(overrides.find("other-" + tenant, table, "p", "n"))).isEqualTo(3);
  }

  /// A sort key has at most 1,024 bytes, and 256 characters may be more.
  @Test
  void whenNamesAreLongOrHoldSeparators_theyAreKeptApart() {
    String long256 = "ü".repeat(256);
    put(override("p#q", "n", 1));
    put(override("p", "q#n", 2));
    put(override(long256, "€".repeat(256), 3));
    put(override(long256, "€".repeat(255) + "$", 4));

    assertThat(picos(find("p#q", "n"))).isEqualTo(1);
    assertThat(picos(find("p", "q#n"))).isEqualTo(2);
    assertThat(picos(find(long256, "€".repeat(256)))).isEqualTo(3);
    assertThat(picos(find(long256, "€".repeat(255) + "$"))).isEqualTo(4);
    assertThat(overrides.list(tenant)).hasSize(4);
  }
}
