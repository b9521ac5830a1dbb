package io.budgetauthority.api.spend;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.http.Routes;
import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.attribution.Amounts;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.Dimension;
import io.budgetauthority.attribution.Measure;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.UriInfo;
import jakarta.ws.rs.core.Variant;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads a query about spend from the parameters of a request, and cuts the answer into pages. A
/// parameter that is not expected gets a 400, because a misspelt filter would give a wrong sum.
final class SpendQuery {

  static final MediaType CSV = new MediaType("text", "csv", "UTF-8");

  private static final int USUAL_DAYS = 30;
  private static final int MAX_CHARACTERS = 256;
  private static final int MAX_LINES = 10_000;
  private static final String AFTER = "after";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final UriInfo uri;
  private final Caller caller;
  private final SpendFilter stated;

  /// @param others the parameters that this query accepts beside those of the filter
  SpendQuery(UriInfo uri, Caller caller, SpendFilter stated, String... others) {
    this.uri = uri;
    this.caller = caller;
    this.stated = stated;
    for (Map.Entry<String, List<String>> parameter : uri.getQueryParameters().entrySet()) {
      String name = parameter.getKey();
      if (!Routes.SPEND.contains(name) && !Arrays.asList(others).contains(name)) {
        throw RequestFields.invalid(name, "is not asked for here");
      }
      if (parameter.getValue().size() > 1) {
        throw RequestFields.invalid(name, "appears more than once");
      }
    }
  }

  /// The one of the two media types that the caller accepts. If it accepts neither, it gets a 406.
  static MediaType wanted(Request request) {
    Variant variant =
        request.selectVariant(Variant.mediaTypes(MediaType.APPLICATION_JSON_TYPE, CSV).build());
    if (variant == null) {
      throw Problem.of(ProblemType.NOT_ACCEPTABLE, "answers are application/json or text/csv")
          .exception();
    }
    return variant.getMediaType();
  }

  /// The days to sum up, and the filter on rows. An agent sees its own user and key alone, and may
  /// state neither.
  Attribution.Query question(LocalDate today, List<Dimension> groupBy, boolean monthly) {
    LocalDate day = day("day", stated.day);
    if (day != null && (isThere(stated.from) || isThere(stated.to))) {
      throw RequestFields.invalid("day", "stands for from and to, and may not be there with them");
    }
    LocalDate statedTo = day == null ? day("to", stated.to) : day;
    LocalDate statedFrom = day == null ? day("from", stated.from) : day;
    LocalDate to =
        statedTo != null
            ? statedTo
            : statedFrom != null && statedFrom.isAfter(today) ? statedFrom : today;
    LocalDate from = statedFrom == null ? to.minusDays(USUAL_DAYS - 1L) : statedFrom;
    try {
      return new Attribution.Query(caller.tenantId(), from, to, filter(), groupBy, monthly);
    } catch (IllegalArgumentException e) {
      throw RequestFields.invalid("from", String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable LocalDate day(String name, @Nullable String text) {
    if (text == null || text.isEmpty()) {
      return null;
    }
    try {
      if (text.matches("[0-9]{4}-[0-9]{2}-[0-9]{2}")) {
        return LocalDate.parse(text);
      }
    } catch (DateTimeException e) {
      // The day does not exist. The error is thrown below.
    }
    throw RequestFields.invalid(name, "must be a day such as 2026-11-24");
  }

  private Map<Dimension, String> filter() {
    Map<Dimension, String> filter = stated.stated();
    filter.forEach(
        (dimension, text) -> {
          if (text.length() > MAX_CHARACTERS) {
            throw RequestFields.invalid(
                dimension.field(), "must have at most " + MAX_CHARACTERS + " characters");
          }
        });
    if (caller.role() == Role.AGENT) {
      if (filter.containsKey(Dimension.USER) || filter.containsKey(Dimension.KEY)) {
        throw Problem.of(ProblemType.FORBIDDEN, "an agent may state neither user_id nor key_id")
            .exception();
      }
      filter.put(Dimension.USER, orEmpty(caller.userId()));
      filter.put(Dimension.KEY, orEmpty(caller.keyId()));
    }
    return filter;
  }

  /// An empty parameter is the same as an absent one.
  private static boolean isThere(@Nullable String text) {
    return text != null && !text.isEmpty();
  }

  private static String orEmpty(@Nullable String id) {
    return id == null ? "" : id;
  }

  /// The dimensions of `group_by`, a list that is separated by commas.
  static List<Dimension> groupBy(@Nullable String text) {
    if (text == null || text.isEmpty()) {
      throw RequestFields.invalid("group_by", "is required: one or several of " + dimensions());
    }
    List<Dimension> groupBy = new ArrayList<>();
    for (String name : text.split(",", -1)) {
      Dimension dimension =
          Dimension.ofWireName(name)
              .orElseThrow(
                  () ->
                      RequestFields.invalid(
                          "group_by",
                          "must be one or several of " + dimensions() + ", with commas between"));
      if (groupBy.contains(dimension)) {
        throw RequestFields.invalid("group_by", "names " + name + " twice");
      }
      groupBy.add(dimension);
    }
    return groupBy;
  }

  /// Adds the dimensions that FOCUS requires: every line names a provider and a service.
  static List<Dimension> forFocus(List<Dimension> stated) {
    List<Dimension> dimensions = new ArrayList<>(stated);
    for (Dimension wanted : List.of(Dimension.PROVIDER, Dimension.MODEL)) {
      if (!dimensions.contains(wanted)) {
        dimensions.add(wanted);
      }
    }
    return dimensions;
  }

  private static String dimensions() {
    return Arrays.stream(Dimension.values())
        .map(Dimension::wireName)
        .collect(Collectors.joining(", "));
  }

  /// Whether the caller asks for the columns of FOCUS.
  static boolean isFocus(@Nullable String format) {
    if (isThere(format) && !"focus".equals(format)) {
      throw RequestFields.invalid("format", "must be focus, or absent");
    }
    return isThere(format);
  }

  /// A page of the groups of an answer.
  ///
  /// @param next the value of `after` for the next page; null at the end
  record Part(List<Attribution.Group> groups, @Nullable String next) {}

  /// The page of the groups that the request asks for. A CSV file has no place for `next`, so it
  /// has all groups unless a limit is stated.
  Part page(List<Attribution.Group> all, Comparator<Attribution.Group> order, MediaType type) {
    String after = stated.after;
    boolean whole = type.equals(CSV) && !isThere(stated.limit);
    int limit = whole ? MAX_LINES : Page.limit(isThere(stated.limit) ? stated.limit : null);
    Attribution.Group last = after == null || after.isEmpty() ? null : readCursor(after);
    List<Attribution.Group> left =
        all.stream()
            .filter(group -> last == null || order.compare(group, last) > 0)
            .sorted(order)
            .limit(limit + 1L)
            .toList();
    return left.size() <= limit
        ? new Part(left, null)
        : new Part(left.subList(0, limit), writeCursor(left.get(limit - 1)));
  }

  /// Writes the end of a page by what groups are ordered by. Sums may have changed before the next
  /// page is read. Even so, no group before this place is listed again.
  private static String writeCursor(Attribution.Group last) {
    ArrayNode place = JSON.createArrayNode();
    place.add(last.amounts().of(Measure.COMMITTED_USD));
    place.add(last.month() == null ? null : last.month().toString());
    last.values().forEach(place::add);
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(place.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static Attribution.Group readCursor(String after) {
    try {
      JsonNode place =
          JSON.readTree(new String(Base64.getUrlDecoder().decode(after), StandardCharsets.UTF_8));
      if (place.isArray() && place.path(0).canConvertToLong() && place.path(0).isIntegralNumber()) {
        List<@Nullable String> values = new ArrayList<>();
        for (int i = 2; i < place.size(); i++) {
          values.add(place.get(i).isNull() ? null : place.get(i).asText());
        }
        return new Attribution.Group(
            values,
            place.path(1).isTextual() ? YearMonth.parse(place.path(1).asText()) : null,
            new Amounts.Builder().add(Measure.COMMITTED_USD, place.path(0).asLong()).build());
      }
    } catch (JsonProcessingException | IllegalArgumentException | DateTimeException e) {
      // The text is no cursor of this class. The error is thrown below.
    }
    throw RequestFields.invalid(AFTER, "must be the next of the page before");
  }

  /// The same query from another place on, as a `Link`.
  String linkTo(String next) {
    return "<"
        + uri.getRequestUriBuilder().replaceQueryParam(AFTER, next).build()
        + ">; rel=\"next\"";
  }

  /// A group without values. Its line has the names of the columns that every line has.
  static Attribution.Group nothing(Attribution.Query question) {
    List<@Nullable String> values = new ArrayList<>();
    question
        .groupBy()
        .forEach(
            dimension ->
                values.add(dimension == Dimension.DAY ? question.from().toString() : null));
    return new Attribution.Group(values, null, Amounts.NONE);
  }

  /// The sum over all groups.
  static Amounts total(List<Attribution.Group> groups) {
    Amounts.Builder total = new Amounts.Builder();
    groups.forEach(group -> total.add(group.amounts()));
    return total.build();
  }
}
