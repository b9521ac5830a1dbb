package io.budgetauthority.price.table;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.budgetauthority.price.BillingUnit;
import io.budgetauthority.price.Capability;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.RateCard;
import io.budgetauthority.price.TokenClass;
import io.budgetauthority.price.table.PriceTableJson.MalformedTable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/// Reads what [PriceTableJson] writes, in one pass over the tokens and one row at a time.
final class PriceTableReader {

  private final JsonParser json;

  private PriceTableReader(JsonParser json) {
    this.json = json;
  }

  static PriceTable read(InputStream in, JsonFactory factory) throws IOException {
    try (JsonParser json = factory.createParser(new GZIPInputStream(in, 1 << 14))) {
      json.disable(JsonParser.Feature.AUTO_CLOSE_SOURCE);
      return new PriceTableReader(json).table();
    } catch (JacksonException
        | EOFException
        | ZipException
        | DateTimeException
        | IllegalArgumentException malformed) {
      throw new MalformedTable(String.valueOf(malformed.getMessage()), malformed);
    }
  }

  private PriceTable table() throws IOException {
    String version = null;
    Instant createdAt = null;
    String source = null;
    List<Price> rows = null;
    expect(json.nextToken(), JsonToken.START_OBJECT);
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      switch (field) {
        case "version" -> version = text();
        case "created_at" -> createdAt = Instant.parse(text());
        case "source" -> source = text();
        case "rows" -> rows = list(this::row);
        default -> throw unknown(field);
      }
    }
    expect(json.currentToken(), JsonToken.END_OBJECT);
    expect(json.nextToken(), null);
    return new PriceTable(
        required("version", version),
        required("created_at", createdAt),
        required("source", source),
        required("rows", rows));
  }

  private Price row() throws IOException {
    String provider = null;
    String model = null;
    String mode = null;
    List<String> aliases = List.of();
    Long window = null;
    Long outputLimit = null;
    boolean sharedWindow = false;
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    List<RateCard> cards = List.of();
    Map<String, Long> tools = Map.of();
    boolean zeroApproved = false;
    Map<String, Long> regions = Map.of();
    Map<String, Long> speeds = Map.of();
    Map<String, Map<String, Long>> variants = Map.of();
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      switch (field) {
        case "provider" -> provider = text();
        case "model" -> model = text();
        case "mode" -> mode = text();
        case "aliases" -> aliases = list(json::getText);
        case "window" -> window = number();
        case "output_limit" -> outputLimit = number();
        case "shared_window" -> sharedWindow = flag();
        case "capabilities" ->
            list(json::getText).forEach(it -> capabilities.add(Capability.ofWireName(it)));
        case "cards" -> cards = list(this::card);
        case "tools" -> tools = prices(new HashMap<>(), Function.identity());
        case "zero_approved" -> zeroApproved = flag();
        case "regions" -> regions = prices(new HashMap<>(), Function.identity());
        case "speeds" -> speeds = prices(new HashMap<>(), Function.identity());
        case "variants" -> variants = variants();
        default -> throw unknown(field);
      }
    }
    return new Price(
        required("provider", provider),
        required("model", model),
        required("mode", mode),
        aliases,
        window,
        outputLimit,
        sharedWindow,
        capabilities,
        cards,
        tools,
        zeroApproved,
        regions,
        speeds,
        variants);
  }

  private Map<String, Map<String, Long>> variants() throws IOException {
    Map<String, Map<String, Long>> variants = new HashMap<>();
    expect(json.nextToken(), JsonToken.START_OBJECT);
    for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
      variants.put(name, prices(new HashMap<>(), Function.identity()));
    }
    return variants;
  }

  private RateCard card() throws IOException {
    String tier = null;
    long above = 0;
    Map<TokenClass, Long> tokens = Map.of();
    Map<BillingUnit, Long> units = Map.of();
    for (String field = json.nextFieldName(); field != null; field = json.nextFieldName()) {
      switch (field) {
        case "tier" -> tier = text();
        case "above" -> above = number();
        case "tokens" -> tokens = prices(new EnumMap<>(TokenClass.class), TokenClass::ofWireName);
        case "units" -> units = prices(new EnumMap<>(BillingUnit.class), BillingUnit::ofWireName);
        default -> throw unknown(field);
      }
    }
    return new RateCard(required("tier", tier), above, tokens, units);
  }

  private <K> Map<K, Long> prices(Map<K, Long> into, Function<String, K> keyOf) throws IOException {
    expect(json.nextToken(), JsonToken.START_OBJECT);
    for (String name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
      into.put(keyOf.apply(name), number());
    }
    return into;
  }

  private interface Element<T> {
    T read() throws IOException;
  }

  private <T> List<T> list(Element<T> element) throws IOException {
    List<T> elements = new ArrayList<>();
    expect(json.nextToken(), JsonToken.START_ARRAY);
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        expect(json.currentToken(), JsonToken.VALUE_STRING);
      }
      elements.add(element.read());
    }
    return elements;
  }

  private String text() throws IOException {
    expect(json.nextToken(), JsonToken.VALUE_STRING);
    return json.getText();
  }

  private long number() throws IOException {
    expect(json.nextToken(), JsonToken.VALUE_NUMBER_INT);
    long number = json.getLongValue();
    if (number < 0) {
      throw new MalformedTable("a number may not be negative" + where(), null);
    }
    return number;
  }

  private boolean flag() throws IOException {
    Boolean flag = json.nextBooleanValue();
    if (flag == null) {
      throw new MalformedTable("expected true or false" + where(), null);
    }
    return flag;
  }

  private void expect(@Nullable JsonToken token, @Nullable JsonToken expected)
      throws MalformedTable {
    if (token != expected) {
      throw new MalformedTable("expected " + expected + ", not " + token + where(), null);
    }
  }

  private <T> T required(String field, @Nullable T value) throws MalformedTable {
    if (value == null) {
      throw new MalformedTable("no " + field + where(), null);
    }
    return value;
  }

  private MalformedTable unknown(String field) {
    return new MalformedTable("unknown field " + field + where(), null);
  }

  private String where() {
    return " at " + json.getParsingContext().pathAsPointer();
  }
}
