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
        headers.getAcceptableMediaTypes().stream()
            .anyMatch(
                type -> type.isCompatible(MediaType.TEXT_HTML_TYPE) && !type.isWildcardType());
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
}
