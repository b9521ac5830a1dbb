package io.budgetauthority.api.spend;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.api.http.Access;
import io.budgetauthority.attribution.Attribution;
import io.budgetauthority.attribution.Dimension;
import io.budgetauthority.input.RequestFields;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Spend in groups by any dimensions, and what of it somebody should check
/// (protocol.md#attribution).
@Path("/budget")
@Produces({MediaType.APPLICATION_JSON, "text/csv"})
public final class AttributionResource {

  /// A reconciliation is grouped by day and model, the newest day first.
  private static final List<Dimension> OF_A_REPORT =
      List.of(Dimension.DAY, Dimension.PROVIDER, Dimension.MODEL);

  private final Access access;
  private final Attribution attribution;
  private final Policies policies;
  private final Clock clock;

  AttributionResource(Access access, Attribution attribution, Policies policies, Clock clock) {
    this.access = access;
    this.attribution = attribution;
    this.policies = policies;
    this.clock = clock;
  }

  /// The answer to a query about spend.
  ///
  /// @param from and `to`: the days of the query, both included, in the zone
  /// @param total the sum over all groups, not only over those of this page
  public record Spend(
      @JsonProperty("from") LocalDate from,
      @JsonProperty("to") LocalDate to,
      @JsonProperty("time_zone") ZoneId timeZone,
      @JsonProperty("group_by") List<Dimension> groupBy,
      @JsonProperty("total") Map<String, @Nullable Object> total,
      @JsonProperty("items") List<Map<String, @Nullable Object>> items,
      @JsonProperty("next") @Nullable String next) {}

  @GET
  @Path("/attribution")
  public Response attribution(
      @QueryParam("group_by") @Nullable String groupBy,
      @QueryParam("format") @Nullable String format,
      @BeanParam SpendFilter filter,
      @Context UriInfo uri,
      @Context Request request) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    MediaType type = SpendQuery.wanted(request);
    SpendQuery query = new SpendQuery(uri, caller, filter, "group_by", "format");
    boolean focus = SpendQuery.isFocus(format);
    List<Dimension> stated = SpendQuery.groupBy(groupBy);
    List<Dimension> dimensions = focus ? SpendQuery.forFocus(stated) : stated;
    ZoneId zone = zone(caller);
    Attribution.Query question = query.question(today(zone), dimensions, focus);
    List<Attribution.Group> groups = groups(question);
    SpendQuery.Part part = query.page(groups, Attribution.Group.BIGGEST_FIRST, type);
    Function<Attribution.Group, Map<String, @Nullable Object>> line =
        focus
            ? group -> SpendShapes.focus(group, question, zone)
            : group -> SpendShapes.item(group, dimensions);
    return answer(
        type, question, zone, part, line, SpendShapes.measures(SpendQuery.total(groups)), query);
  }

  @GET
  @Path("/reconciliation")
  public Response reconciliation(
      @BeanParam SpendFilter filter, @Context UriInfo uri, @Context Request request) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    MediaType type = SpendQuery.wanted(request);
    SpendQuery query = new SpendQuery(uri, caller, filter);
    ZoneId zone = zone(caller);
    Attribution.Query question = query.question(today(zone), OF_A_REPORT, false);
    List<Attribution.Group> groups =
        groups(question).stream().filter(SpendShapes::isStriking).toList();
    return answer(
        type,
        question,
        zone,
        query.page(groups, Attribution.Group.NEWEST_FIRST, type),
        group -> SpendShapes.reconciliation(group, OF_A_REPORT),
        SpendShapes.reconciled(SpendQuery.total(groups)),
        query);
  }

  private ZoneId zone(Caller caller) {
    return policies.of(caller.tenantId()).policy().timeZone();
  }

  private LocalDate today(ZoneId zone) {
    return clock.instant().atZone(zone).toLocalDate();
  }

  private List<Attribution.Group> groups(Attribution.Query question) {
    try {
      return attribution.groups(question);
    } catch (Attribution.TooManyGroups e) {
      throw RequestFields.invalid(
          "group_by",
          "comes to "
              + e.getMessage()
              + ": ask for fewer days, or filter by what is not grouped by");
    }
  }

  private static Response answer(
      MediaType type,
      Attribution.Query question,
      ZoneId zone,
      SpendQuery.Part part,
      Function<Attribution.Group, Map<String, @Nullable Object>> line,
      Map<String, @Nullable Object> total,
      SpendQuery query) {
    List<Map<String, @Nullable Object>> lines = part.groups().stream().map(line).toList();
    if (type.equals(SpendQuery.CSV)) {
      Attribution.Group none = SpendQuery.nothing(question);
      Response.ResponseBuilder csv =
          Response.ok(SpendShapes.csv(line.apply(none).keySet(), lines)).type(type);
      return part.next() == null
          ? csv.build()
          : csv.header(HttpHeaders.LINK, query.linkTo(part.next())).build();
    }
    return Response.ok(
            new Spend(
                question.from(),
                question.to(),
                zone,
                question.groupBy(),
                total,
                lines,
                part.next()))
        .type(MediaType.APPLICATION_JSON_TYPE)
        .build();
  }
}
