package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.input.FieldError;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerRequestFilter;
import jakarta.ws.rs.container.PreMatching;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.Provider;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Applies the rules that hold for every request (protocol.md#wire-format). It refuses every
/// content coding except identity. It refuses a query parameter that the path does not have, so
/// that a misspelt one is never ignored. It also answers `OPTIONS`, from the same table as a 405.
@Provider
@PreMatching
public final class RequestRules implements ContainerRequestFilter {

  private static final String UNDER = "/budget";
  private static final String IDENTITY = "identity";

  @Override
  public void filter(ContainerRequestContext request) {
    String path = request.getUriInfo().getRequestUri().getRawPath();
    String coding = request.getHeaderString(HttpHeaders.CONTENT_ENCODING);
    if (coding != null && !coding.strip().toLowerCase(Locale.ROOT).equals(IDENTITY)) {
      abort(
          request,
          Problem.of(
              ProblemType.UNSUPPORTED_MEDIA_TYPE,
              "Content-Encoding is " + shown(coding) + "; only identity is supported"));
      return;
    }
    if (request.getMethod().equals(HttpMethod.OPTIONS)) {
      Routes.allowed(path)
          .ifPresent(
              allowed ->
                  request.abortWith(
                      Response.noContent().header(HttpHeaders.ALLOW, allowed).build()));
      return;
    }
    if (path.startsWith(UNDER)) {
      refuseUnknownParameters(request, path);
    }
  }

  private static void refuseUnknownParameters(ContainerRequestContext request, String path) {
    Set<String> stated = request.getUriInfo().getQueryParameters().keySet();
    if (stated.isEmpty()) {
      return;
    }
    List<String> known = Routes.parameters(request.getMethod(), path).orElse(null);
    if (known == null) {
      return;
    }
    List<FieldError> errors =
        stated.stream()
            .filter(name -> !known.contains(name))
            .sorted()
            .map(
                name ->
                    new FieldError(
                        shown(name),
                        known.isEmpty()
                            ? "is no parameter of this request, which has none"
                            : "is no parameter of this request: " + String.join(", ", known)))
            .toList();
    if (!errors.isEmpty()) {
      abort(
          request,
          Problem.of(
                  ProblemType.INVALID_REQUEST,
                  errors.getFirst().pointer() + " " + errors.getFirst().reason())
              .withErrors(errors));
    }
  }

  private static void abort(ContainerRequestContext request, Problem problem) {
    request.abortWith(
        problem.withInstance(request.getUriInfo().getRequestUri().getRawPath()).response().build());
  }

  private static String shown(String text) {
    String printable = text.replaceAll("[^\\x20-\\x7E]", "?");
    return printable.substring(0, Math.min(printable.length(), 100));
  }
}
