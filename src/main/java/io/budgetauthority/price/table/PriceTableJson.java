package io.budgetauthority.price.table;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serial;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/// Writes and reads a price table as an object, `prices/<version>.json.gz`: gzipped JSON, streamed
/// in both directions. One table always gives the same bytes: rows and names are sorted, and the
/// time of writing is not included. Classes and units have their wire names; prices are in
/// pico-USD.
public final class PriceTableJson {

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private PriceTableJson() {}

  /// The object is not a price table, or it has a later form.
  public static final class MalformedTable extends IOException {
    @Serial private static final long serialVersionUID = 1;

    MalformedTable(String reason, @Nullable Exception cause) {
      super("no price table: " + reason, cause);
    }
  }

  /// Writes a table and leaves `out` open.
  public static void write(PriceTable table, OutputStream out) throws IOException {
    GZIPOutputStream gzip = new GZIPOutputStream(out, 1 << 14);
    try (JsonGenerator json = JSON.createGenerator(gzip)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeStringField("version", table.version());
      json.writeStringField("created_at", table.createdAt().toString());
      json.writeStringField("source", table.source());
      json.writeArrayFieldStart("rows");
      for (Price row : table.rows().stream().sorted(Comparator.comparing(Price::model)).toList()) {
        json.writeRaw('\n');
        writeRow(row, json);
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    gzip.finish();
  }

  /// Reads a table and leaves `in` open. An object that is not a table, or that has a field which
  /// this code does not know and might misprice, gets a [MalformedTable].
  public static PriceTable read(InputStream in) throws IOException {
    return PriceTableReader.read(in, JSON);
  }

  private static void writeRow(Price row, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("provider", row.provider());
    json.writeStringField("model", row.model());
    json.writeStringField("mode", row.mode());
    writeNames(json, "aliases", row.aliases());
    if (row.windowTokens() != null) {
      json.writeNumberField("window", row.windowTokens());
    }
    if (row.outputLimitTokens() != null) {
      json.writeNumberField("output_limit", row.outputLimitTokens());
    }
    if (row.sharedWindow()) {
      json.writeBooleanField("shared_window", true);
    }
    writeNames(
        json, "capabilities", row.capabilities().stream().map(Capability::wireName).toList());
    if (!row.cards().isEmpty()) {
      json.writeArrayFieldStart("cards");
      for (RateCard card : row.cards()) {
        json.writeStartObject();
        json.writeStringField("tier", card.serviceTier());
        json.writeNumberField("above", card.aboveTokens());
        writePrices(json, "tokens", card.tokenPicos(), TokenClass::wireName);
        writePrices(json, "units", card.unitPicos(), BillingUnit::wireName);
        json.writeEndObject();
      }
      json.writeEndArray();
    }
    writePrices(json, "tools", row.toolPicos(), Function.identity());
    if (row.zeroApproved()) {
      json.writeBooleanField("zero_approved", true);
    }
    writePrices(json, "regions", row.regions(), Function.identity());
    writePrices(json, "speeds", row.speeds(), Function.identity());
    if (!row.variants().isEmpty()) {
      json.writeObjectFieldStart("variants");
      for (Map.Entry<String, Map<String, Long>> billed : new TreeMap<>(row.variants()).entrySet()) {
        writePrices(json, billed.getKey(), billed.getValue(), Function.identity());
      }
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void writeNames(JsonGenerator json, String field, List<String> names)
      throws IOException {
    if (!names.isEmpty()) {
      json.writeArrayFieldStart(field);
      for (String name : new TreeSet<>(names)) {
        json.writeString(name);
      }
      json.writeEndArray();
    }
  }

  private static <K> void writePrices(
      JsonGenerator json, String field, Map<K, Long> picos, Function<K, String> nameOf)
      throws IOException {
    if (!picos.isEmpty()) {
      Map<String, Long> byName = new TreeMap<>();
      picos.forEach((key, price) -> byName.put(nameOf.apply(key), price));
      json.writeObjectFieldStart(field);
      for (Map.Entry<String, Long> price : byName.entrySet()) {
        json.writeNumberField(price.getKey(), price.getValue());
      }
      json.writeEndObject();
    }
  }
}
