package io.budgetauthority.api.spend;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.budgetauthority.attribution.Amounts;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.Dimension;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.price.UnitCount;
import io.budgetauthority.tenant.store.ConfigurationJson;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes groups of spend in three shapes: objects that always have every field, lines of a CSV
/// file with the same names, and lines with the columns of FOCUS 1.2 (focus.finops.org).
final class SpendShapes {

  private static final String LLM = "AI and Machine Learning";

  private SpendShapes() {}

  /// All measures by name. Money is written as everywhere in the protocol.
  static Map<String, @Nullable Object> measures(Amounts amounts) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (Measure measure : Measure.values()) {
      fields.put(measure.wireName(), shown(measure, amounts));
    }
    return fields;
  }

  private static Object shown(Measure measure, Amounts amounts) {
    if (measure.isMoney()) {
      return amounts.money(measure);
    }
    return measure.isUnit()
        ? new UnitCount(amounts.of(measure))
        : Long.valueOf(amounts.of(measure));
  }

  /// All dimensions by name. A dimension is null if the group is not grouped by it or if it was not
  /// stated.
  private static Map<String, @Nullable Object> dimensions(
      Attribution.Group group, List<Dimension> groupBy) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (Dimension dimension : Dimension.values()) {
      fields.put(dimension.field(), value(group, groupBy, dimension));
    }
    return fields;
  }

  private static @Nullable String value(
      Attribution.Group group, List<Dimension> groupBy, Dimension dimension) {
    int at = groupBy.indexOf(dimension);
    return at < 0 ? null : group.values().get(at);
  }

  static Map<String, @Nullable Object> item(Attribution.Group group, List<Dimension> groupBy) {
    Map<String, @Nullable Object> fields = dimensions(group, groupBy);
    fields.putAll(measures(group.amounts()));
    return fields;
  }

  /// The sums of one day and model that somebody should check.
  static Map<String, @Nullable Object> reconciliation(
      Attribution.Group group, List<Dimension> groupBy) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    groupBy.forEach(dimension -> fields.put(dimension.field(), value(group, groupBy, dimension)));
    fields.putAll(reconciled(group.amounts()));
    return fields;
  }

  private static final List<Measure> RECONCILED =
      List.of(
          Measure.CALLS,
          Measure.COMMITTED_USD,
          Measure.PRESUMED,
          Measure.PRESUMED_USD,
          Measure.UNPRICED,
          Measure.UNPRICED_USD,
          Measure.OVERRUNS,
          Measure.OVERRUN_USD,
          Measure.CORRECTIONS,
          Measure.CORRECTED_USD,
          Measure.ORPHANS,
          Measure.ORPHANS_USD,
          Measure.DEGRADED,
          Measure.UNRESERVED);

  private static final List<Measure> STRIKING =
      List.of(
          Measure.PRESUMED,
          Measure.UNPRICED,
          Measure.OVERRUNS,
          Measure.CORRECTIONS,
          Measure.ORPHANS);

  static Map<String, @Nullable Object> reconciled(Amounts amounts) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    for (Measure measure : RECONCILED) {
      fields.put(measure.wireName(), shown(measure, amounts));
    }
    return fields;
  }

  /// Whether the group has anything to check.
  static boolean isStriking(Attribution.Group group) {
    return STRIKING.stream().anyMatch(measure -> group.amounts().of(measure) != 0);
  }

  /// One line of a FOCUS data set. Its charge period is the group's own day or, without a day, the
  /// part of the month that the query asks for. Times are those of the tenant's zone. What FOCUS
  /// has no column for is in columns whose names begin with `x_`, as FOCUS requires.
  static Map<String, @Nullable Object> focus(
      Attribution.Group group, Attribution.Query question, ZoneId zone) {
    List<Dimension> groupBy = question.groupBy();
    String day = value(group, groupBy, Dimension.DAY);
    YearMonth month = group.month() == null ? YearMonth.from(question.from()) : group.month();
    LocalDate first = later(question.from(), month.atDay(1));
    LocalDate last = earlier(question.to(), month.atEndOfMonth());
    Amounts amounts = group.amounts();
    String provider = orUnknown(value(group, groupBy, Dimension.PROVIDER));
    String model = orUnknown(value(group, groupBy, Dimension.MODEL));
    Map<String, @Nullable Object> line = new LinkedHashMap<>();
    for (String cost : List.of("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")) {
      line.put(cost, amounts.money(Measure.COMMITTED_USD));
    }
    line.put("BillingAccountId", question.tenantId());
    line.put("BillingAccountName", question.tenantId());
    line.put("BillingCurrency", "USD");
    line.put("BillingPeriodStart", startOf(month.atDay(1), zone));
    line.put("BillingPeriodEnd", startOf(month.plusMonths(1).atDay(1), zone));
    line.put("ChargePeriodStart", startOf(day == null ? first : LocalDate.parse(day), zone));
    line.put(
        "ChargePeriodEnd", startOf((day == null ? last : LocalDate.parse(day)).plusDays(1), zone));
    line.put("ChargeCategory", "Usage");
    line.put("ChargeClass", null);
    line.put("ChargeDescription", "Calls of " + model);
    line.put("ChargeFrequency", "Usage-Based");
    Consumed consumed = consumed(amounts);
    line.put("ConsumedQuantity", consumed.quantity());
    line.put("ConsumedUnit", consumed.unit());
    line.put("PricingQuantity", consumed.quantity());
    line.put("PricingUnit", consumed.unit());
    line.put("InvoiceIssuerName", provider);
    line.put("ProviderName", provider);
    line.put("PublisherName", provider);
    line.put("ServiceCategory", LLM);
    line.put("ServiceName", model);
    line.put("SkuId", model);
    line.put("ResourceId", value(group, groupBy, Dimension.RUN));
    line.put("SubAccountId", value(group, groupBy, Dimension.TEAM));
    line.put("SubAccountName", value(group, groupBy, Dimension.TEAM));
    line.put("Tags", tags(group, groupBy));
    measures(amounts).forEach((name, value) -> line.put("x_" + name, value));
    return line;
  }

  private record Consumed(Object quantity, String unit) {}

  /// What was consumed: tokens or, if there were none, the first unit that was billed. A line has
  /// one unit; the columns whose names begin with `x_` have all.
  private static Consumed consumed(Amounts amounts) {
    long tokens =
        Math.addExact(amounts.of(Measure.INPUT_TOKENS), amounts.of(Measure.OUTPUT_TOKENS));
    if (tokens == 0) {
      for (Measure measure : Measure.values()) {
        if (measure.isUnit() && amounts.of(measure) != 0) {
          String name = measure.wireName();
          return new Consumed(
              new UnitCount(amounts.of(measure)),
              name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1));
        }
      }
    }
    return new Consumed(tokens, "Tokens");
  }

  /// FOCUS does not allow these names to be null.
  private static String orUnknown(@Nullable String name) {
    return name == null ? "Unknown" : name;
  }

  /// The stated dimensions of a group in FOCUS's form of tags: a JSON object in a text.
  private static String tags(Attribution.Group group, List<Dimension> groupBy) {
    Map<String, Object> stated = new LinkedHashMap<>();
    dimensions(group, groupBy)
        .forEach(
            (name, value) -> {
              if (value != null) {
                stated.put(name, value);
              }
            });
    return ConfigurationJson.tree(stated).toString();
  }

  private static String startOf(LocalDate day, ZoneId zone) {
    return day.atStartOfDay(zone).toInstant().toString();
  }

  private static LocalDate later(LocalDate one, LocalDate other) {
    return one.isAfter(other) ? one : other;
  }

  private static LocalDate earlier(LocalDate one, LocalDate other) {
    return one.isBefore(other) ? one : other;
  }

  private static final CsvMapper CSV = new CsvMapper();

  /// The characters that a formula of a spreadsheet may begin with.
  private static final String FORMULA = "=+-@\t\r";

  /// Puts an apostrophe before a text that a spreadsheet would read as a formula. The apostrophe
  /// marks it as text. Numbers are not changed.
  private static String cell(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    String text = value.toString();
    boolean isFormula =
        value instanceof String && !text.isEmpty() && FORMULA.indexOf(text.charAt(0)) >= 0;
    return isFormula ? "'" + text : text;
  }

  /// A CSV file with a header of these names. A name is in the header even if the file has no line.
  static String csv(Set<String> names, List<Map<String, @Nullable Object>> lines) {
    CsvSchema.Builder schema = CsvSchema.builder().setUseHeader(true).setLineSeparator("\r\n");
    names.forEach(schema::addColumn);
    List<Map<String, String>> written = new ArrayList<>(lines.size());
    for (Map<String, @Nullable Object> line : lines) {
      Map<String, String> texts = new LinkedHashMap<>();
      line.forEach((name, value) -> texts.put(name, cell(value)));
      written.add(texts);
    }
    try {
      return CSV.writer(schema.build()).writeValueAsString(written);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the answer cannot be written as CSV", e);
    }
  }
}
