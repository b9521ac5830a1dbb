package io.budgetauthority.price.litellm;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonStreamContext;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RowName;
import io.budgetauthority.price.review.ImportNotes;
import io.budgetauthority.price.review.PriceDiff;
import io.budgetauthority.price.review.PriceReview;
import io.budgetauthority.price.review.PriceReview.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Reads LiteLLM's `model_prices_and_context_window.json` into a price table and a review of it,
/// one row in memory at a time. A file that could be misread is refused as a whole, and every
/// problem is listed by row and field. Nothing is silently dropped or read as free
/// (pricing.md#import).
public final class LiteLlmImport {

  private static final ObjectReader ROWS =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build()
          .reader();

  /// A row that documents the file's fields. Its values are sentences and zeros.
  private static final String SAMPLE = "sample_spec";

  private LiteLlmImport() {}

  /// What became of a file.
  public sealed interface Outcome {}

  /// The table that the file makes, and the review to read before it is published.
  public record Imported(PriceTable table, PriceReview review) implements Outcome {}

  /// Why the file makes no table.
  public record Refused(List<Problem> problems) implements Outcome {
    public Refused {
      problems = List.copyOf(problems);
    }
  }

  /// The name of the new table, the source of its prices, and the table to compare it with.
  public record Edition(
      String version, Instant createdAt, String source, @Nullable PriceTable previous) {}

  /// Reads a file to its end and leaves it open. Throws only what reading `file` throws.
  public static Outcome read(InputStream file, Edition edition) throws IOException {
    ImportNotes notes = new ImportNotes();
    Map<String, Price> rows = new TreeMap<>();
    try (JsonParser parser = ROWS.createParser(file)) {
      parser.disable(JsonParser.Feature.AUTO_CLOSE_SOURCE);
      try {
        readRows(parser, rows, notes);
      } catch (JacksonException malformed) {
        malformed(parser, malformed, notes);
      }
    }
    if (!notes.problems().isEmpty()) {
      return new Refused(notes.problems());
    }
    PriceTable previous = edition.previous();
    if (previous != null) {
      rows.replaceAll((model, row) -> staysApproved(row, previous));
    }
    PriceTable table =
        new PriceTable(edition.version(), edition.createdAt(), edition.source(), rows.values());
    return new Imported(table, PriceDiff.review(edition.previous(), table, notes));
  }

  /// An approval of a row as free is for the row, not for one edition of the file. A row that had a
  /// price in the meantime is no row of zeros any more and loses the approval.
  private static Price staysApproved(Price row, PriceTable previous) {
    return row.allZero() && !row.cards().isEmpty() && previous.hasApprovedRow(RowName.of(row))
        ? row.withZeroApproved()
        : row;
  }

  private static void readRows(JsonParser parser, Map<String, Price> rows, ImportNotes notes)
      throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      notes.problem("", "", "must be a JSON object with a row for each model");
      return;
    }
    Map<String, String> bySmallLetters = new HashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String model = parser.currentName();
      String other = bySmallLetters.put(model.toLowerCase(Locale.ROOT), model);
      if (other != null) {
        notes.problem(model, "", "differs from " + other + " in case alone");
      }
      parser.nextToken();
      readRow(model, ROWS.readTree(parser), notes).ifPresent(row -> rows.put(model, row));
    }
    if (parser.nextToken() != null) {
      notes.problem("", "", "goes on after its last row");
    }
  }

  private static Optional<Price> readRow(String model, JsonNode row, ImportNotes notes) {
    if (model.equals(SAMPLE)) {
      notes.keptOut(model, "documents the file and is no model");
      return Optional.empty();
    }
    if (!(row instanceof ObjectNode fields)) {
      notes.problem(model, "", "must be an object, not " + row.getNodeType());
      return Optional.empty();
    }
    if (model.isBlank()) {
      notes.problem(model, "", "has no name");
      return Optional.empty();
    }
    return new LiteLlmRow(model, fields, notes).read();
  }

  /// The parser reports a name that appears twice like any other fault, with the name as its
  /// current one.
  private static void malformed(JsonParser parser, JacksonException fault, ImportNotes notes) {
    String model = "";
    StringBuilder field = new StringBuilder();
    for (JsonStreamContext at = parser.getParsingContext(); at != null; at = at.getParent()) {
      String name = at.getCurrentName();
      if (name == null) {
        continue;
      }
      if (at.getParent() != null && at.getParent().inRoot()) {
        model = name;
      } else {
        field.insert(0, field.isEmpty() ? name : name + ".");
      }
    }
    boolean twice = fault.getOriginalMessage().startsWith("Duplicate field");
    notes.problem(
        model,
        field.toString(),
        twice ? "comes twice" : "is no JSON: " + fault.getOriginalMessage());
  }
}
