package io.budgetauthority.console;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Leads a browser from `/` to the console, and tells a program where things are
/// (protocol.md#index). The call needs no key.
@Path("/")
public final class IndexResource {

  private static final URI CONSOLE = URI.create("/console");

  private final boolean console;

  IndexResource(ConsoleConfig config) {
    this.console = config.console();
  }

  /// The paths of the service.
  ///
  /// @param console null where it is not served
  @RegisterForReflection
  public record Index(
      @JsonProperty("api") String api,
      @JsonProperty("openapi") String openapi,
      @JsonProperty("health") String health,
      @JsonProperty("problems") String problems,
      @JsonProperty("console") @Nullable String console) {}

  /// A browser is what names HTML itself; `*/*` is a program.
  @GET
  public Response get(@Context HttpHeaders headers) {
    boolean browser =
        headers.getRequestHeader(HttpHeaders.ACCEPT).stream()
            .flatMap(stated -> Stream.of(stated.split(",")))
            .anyMatch(IndexResource::isHtml);
    Response.ResponseBuilder response =
        browser && console
            ? Response.seeOther(CONSOLE)
            : Response.ok(
                new Index(
                    "/budget",
                    "/openapi",
                    "/q/health",
                    "/problems/{code}",
                    console ? "/console" : null),
                MediaType.APPLICATION_JSON_TYPE);
    return response.header(HttpHeaders.VARY, HttpHeaders.ACCEPT).build();
  }

  /// Whether one part of an `Accept` names HTML and does not refuse it. A part that is no media
  /// type names nothing.
  private static boolean isHtml(String accepted) {
    String[] parts = accepted.strip().toLowerCase(Locale.ROOT).split("\\s*;\\s*");
    return parts.length > 0
        && parts[0].equals(MediaType.TEXT_HTML)
        && Stream.of(parts).noneMatch(part -> part.matches("q=0(\\.0*)?"));
  }
}
