package io.budgetauthority.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.budgetauthority.price.PriceTable.Found;
import io.budgetauthority.price.litellm.LiteLlmImport;
import io.budgetauthority.price.litellm.LiteLlmImport.Edition;
import io.budgetauthority.price.litellm.LiteLlmImport.Imported;
import io.budgetauthority.price.litellm.LiteLlmImport.Refused;
import io.budgetauthority.price.review.PriceReview.Finding;
import io.budgetauthority.price.review.PriceReview.Problem;
import io.budgetauthority.price.table.PriceTableJson;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Price files and tables for the tests beside it.
public final class Imports {

  private static final Instant CREATED_AT = Instant.parse("2026-11-24T00:00:00Z");

  private Imports() {}

  /// The rows of LiteLLM's file that trip an importer.
  public static Imported rows() {
    try (InputStream file = Imports.class.getResourceAsStream("/litellm-rows.json")) {
      return imported(LiteLlmImport.read(file, edition("rows", null)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Imported imported(String file, String version, @Nullable PriceTable previous) {
    return imported(read(file, version, previous));
  }

  public static Imported imported(String file) {
    return imported(file, "v1", null);
  }

  public static List<String> problems(String file) {
    Refused refused = assertInstanceOf(Refused.class, read(file, "v1", null));
    return refused.problems().stream().map(Problem::toString).toList();
  }

  private static Imported imported(LiteLlmImport.Outcome outcome) {
    return assertInstanceOf(Imported.class, outcome, outcome.toString());
  }

  private static LiteLlmImport.Outcome read(
      String file, String version, @Nullable PriceTable previous) {
    try (InputStream in = new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8))) {
      return LiteLlmImport.read(in, edition(version, previous));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Edition edition(String version, @Nullable PriceTable previous) {
    return new Edition(version, CREATED_AT, "a test", previous);
  }

  /// The table that ships with the local build.
  public static PriceTable realTable() {
    try (InputStream in =
        Files.newInputStream(Path.of("src/local/resources/prices/2026-11-24.json.gz"))) {
      return PriceTableJson.read(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Price row(PriceTable table, String model) {
    return assertInstanceOf(Found.Row.class, table.find(null, model), model).price();
  }

  public static RateCard card(Price row, String serviceTier, long aboveTokens) {
    return row.cards().stream()
        .filter(it -> it.serviceTier().equals(serviceTier) && it.aboveTokens() == aboveTokens)
        .findFirst()
        .orElseThrow(() -> new AssertionError(row + ": no card " + serviceTier + aboveTokens));
  }

  public static RateCard base(Price row) {
    return card(row, Bounds.DEFAULT_TIER, 0);
  }

  public static Optional<Finding> finding(List<Finding> findings, String model, String field) {
    return findings.stream()
        .filter(it -> it.model().equals(model) && it.field().equals(field))
        .findFirst();
  }

  /// What the row charges, in USD.
  public static String charge(Price row, String serviceTier, long input, long output, Parts parts) {
    Usage usage = new Usage(input, output, parts, Map.of(), Map.of(), null);
    return Charges.of(row, serviceTier, usage).amount().toString();
  }

  public static String charge(Price row, long input, long output) {
    return charge(row, Bounds.DEFAULT_TIER, input, output, Parts.NONE);
  }

  public static String chargeOfUnits(Price row, Map<String, Long> units) {
    return Charges.of(
            row,
            Bounds.DEFAULT_TIER,
            new Usage(0, 0, Parts.NONE, Charges.units(units), Map.of(), null))
        .amount()
        .toString();
  }

  public static Bounds bounds(long input, long output) {
    return new Bounds(input, output, Parts.NONE, Map.of(), Map.of(), Bounds.DEFAULT_TIER);
  }

  public static Parts cached(long read, long write, long write1h) {
    return new Parts(read, write, write1h, null, null, null, null, null);
  }

  public static Parts media(long audio, long image) {
    return new Parts(null, null, null, audio, image, null, null, null);
  }

  public static void assertPicos(Map<TokenClass, Long> expected, RateCard card) {
    assertThat(card.tokenPicos()).isEqualTo(expected);
  }
}
