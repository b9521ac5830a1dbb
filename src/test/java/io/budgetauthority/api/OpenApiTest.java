package io.budgetauthority.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaParameter;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.local.LocalCloudResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The OpenAPI document says what the service does: its paths, parameters and roles are those of
/// the code, its shapes those of real answers.
@QuarkusTest
@QuarkusTestResource(LocalCloudResource.class)
class OpenApiTest {

  private static final List<String> ROLES =
      List.of("gateway", "agent", "viewer", "admin", "operator");

  private static final String BODY = "[]";

  @TestHTTPResource URI base = URI.create("http://unset");

  private JsonNode document() {
    return new Http(base, null).get("/openapi?format=json").json();
  }

  private JsonNode schema(String name) {
    JsonNode schema = document().path("components").path("schemas").path(name);
    assertThat(schema.isObject()).as(name).isTrue();
    return schema;
  }

  @Test
  void whenNoKeyIsSent_theDocumentIsServedAsOpenApi31() {
    Http.Answer yaml = new Http(base, null).get("/openapi");
    assertThat(yaml).hasStatus(200);
    assertThat(yaml.response().body()).as(yaml.toString()).contains("openapi: 3.1");
    assertThat(document().path("openapi").asText()).startsWith("3.1");
    assertThat(document().path("info").path("title").asText()).isEqualTo("budget-authority");
  }

  @Test
  void whenTheCodeHasAMethod_theDocumentHasItAndNoOther() {
    Map<String, Set<String>> documented = new TreeMap<>();
    document()
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .properties()
                    .forEach(
                        operation -> {
                          if (!operation.getKey().equals("parameters")) {
                            documented.put(
                                operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey(),
                                parameters(path.getValue(), operation.getValue()));
                          }
                        }));
    assertThat(documented).isEqualTo(methodsOfTheCode());
  }

  @Test
  void whenARoleIsDocumented_itAndNoOtherMayCall() {
    List<String> wrong = new ArrayList<>();
    int operations = 0;
    for (Map.Entry<String, JsonNode> path : document().path("paths").properties()) {
      for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
        if (operation.getKey().equals("parameters")) {
          continue;
        }
        operations++;
        Set<String> documented = new TreeSet<>();
        operation.getValue().path("x-roles").forEach(role -> documented.add(role.asText()));
        String method = operation.getKey().toUpperCase(Locale.ROOT);
        String address = path.getKey().replaceAll("\\{[a-z_]+}", "nobody");
        for (String role : ROLES) {
          int status = status(role, method, address);
          boolean mayCall = status != 401 && status != 403;
          if (mayCall != (documented.isEmpty() || documented.contains(role))) {
            wrong.add(method + " " + path.getKey() + " as " + role + ": " + status);
          }
        }
        int anonymous = new Http(base, null).send(method, address, BODY).status();
        if ((anonymous == 401) == documented.isEmpty()) {
          wrong.add(method + " " + path.getKey() + " without a key: " + anonymous);
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(operations).as(operations + " operations").isGreaterThan(30);
  }

  /// The status that a role gets. The body is wrong for every operation, so that nothing changes.
  private int status(String role, String method, String address) {
    return new Http(base, "bak_demo_" + role).send(method, address, BODY).status();
  }

  private Set<String> parameters(JsonNode path, JsonNode operation) {
    Set<String> names = new TreeSet<>();
    for (JsonNode owner : List.of(path, operation)) {
      for (JsonNode parameter : owner.path("parameters")) {
        JsonNode resolved = resolve(parameter);
        names.add(resolved.path("in").asText() + " " + resolved.path("name").asText());
      }
    }
    return names;
  }

  private JsonNode resolve(JsonNode node) {
    return node.has("$ref") ? document().at(node.path("$ref").asText().substring(1)) : node;
  }

  private static Map<String, Set<String>> methodsOfTheCode() {
    Map<String, Set<String>> methods = new TreeMap<>();
    for (JavaClass resource :
        new ClassFileImporter().importPath("target/classes/io/budgetauthority/api")) {
      if (!resource.isAnnotatedWith(Path.class)) {
        continue;
      }
      for (JavaMethod method : resource.getMethods()) {
        method.getAnnotations().stream()
            .filter(annotation -> annotation.getRawType().isAnnotatedWith(HttpMethod.class))
            .forEach(
                annotation ->
                    methods.put(
                        annotation.getRawType().getSimpleName() + " " + path(resource, method),
                        parameters(method)));
      }
    }
    assertThat(methods).isNotEmpty();
    return methods;
  }

  private static String path(JavaClass resource, JavaMethod method) {
    String root = resource.getAnnotationOfType(Path.class).value();
    return method.isAnnotatedWith(Path.class)
        ? root + method.getAnnotationOfType(Path.class).value()
        : root;
  }

  private static Set<String> parameters(JavaMethod method) {
    Set<String> names = new TreeSet<>();
    for (JavaParameter parameter : method.getParameters()) {
      parameter
          .tryGetAnnotationOfType(PathParam.class)
          .ifPresent(path -> names.add("path " + path.value()));
      parameter
          .tryGetAnnotationOfType(QueryParam.class)
          .ifPresent(query -> names.add("query " + query.value()));
      if (parameter.isAnnotatedWith(BeanParam.class)) {
        parameter
            .getRawType()
            .getFields()
            .forEach(
                field ->
                    field
                        .tryGetAnnotationOfType(QueryParam.class)
                        .ifPresent(query -> names.add("query " + query.value())));
      }
      parameter
          .tryGetAnnotationOfType(HeaderParam.class)
          .ifPresent(header -> names.add("header " + header.value()));
    }
    return names;
  }

  @Test
  void whenACallIsAnswered_theShapeIsThatOfTheDocument() {
    TestTenant tenant = new TestTenant(base);
    Http.Answer policy =
        tenant.policy(
            """
            {"default_run_limit_usd": "0.20",
             "default_ceilings": {"user": {"day": {"limit_usd": "1.00"},
                                           "week": {"limit_usd": "1.00", "shards": 4}}},
             "downgrade": [{"models": ["claude-haiku-4-5"],
                            "alternatives": [{"model": "gemini-2.5-flash-lite"}]}]}
            """);
    assertShape("Policy", policy.json());
    JsonNode policySchema = schema("Policy").path("properties");
    assertFields(policySchema.path("soft_gate"), policy.json().path("soft_gate"));
    assertFields(policySchema.path("output_cap"), policy.json().path("output_cap"));
    JsonNode rule = policy.json().path("downgrade").path(0);
    assertFields(policySchema.path("downgrade").path("items"), rule);
    assertFields(
        policySchema.path("downgrade").path("items").at("/properties/alternatives/items"),
        rule.path("alternatives").path(0));
    JsonNode ceilings = policy.json().at("/default_ceilings/user");
    assertThat(fields(ceilings.path("day"))).isEqualTo(required(schema("CeilingSettings")));
    assertFields(schema("CeilingSettings"), ceilings.path("week"));

    Http.Answer allowed = tenant.ask(100_000, 1_000, "\"user_id\": \"ada\"");
    assertThat(allowed).hasStatus(200);
    assertShape("DecisionRecord", allowed.json());
    assertShape("Account", allowed.json().path("accounts").path(1));
    assertShape("Run", tenant.run().json());
    Http.Answer blocked = tenant.ask(150_000, 1_000, "\"downgrade\": \"never\"");
    assertThat(blocked).hasStatus(402);
    assertShape("BudgetFacts", blocked.json().path("budget"));
    assertShape("Alternative", blocked.json().path("alternatives").path(0));
    Http.Answer committed = tenant.commit(allowed, 100_000, 1_000);
    assertShape("DecisionRecord", committed.json());
    assertShape("UsageKept", committed.json().path("usage"));
    assertShape("DecisionRecord", tenant.ask(1, 1, "\"dry_run\": true").json());

    Http.Answer invalid = tenant.gateway.ask("{\"modle\": 5}", "invalid");
    assertShape("FieldError", invalid.json().path("errors").path(0));
    Http.Answer settled = tenant.step(allowed, "forward", null);
    assertThat(settled).hasStatus(409);
    Set<String> ofProblems = new TreeSet<>();
    Http.Answer source = new Http(base, "bak_demo_operator").post("/budget/price-tables", "[]");
    assertShape("SourceProblem", source.json().at("/review/problems/0"));
    tenant.admin.send(
        "PUT",
        "/budget/price-overrides?provider=acme&model=twice",
        "{\"prices\": {\"input\": \"0.000001\"}}");
    Http.Answer ambiguous =
        tenant.admin.send(
            "PUT",
            "/budget/price-overrides?provider=other&model=twice",
            "{\"prices\": {\"input\": \"0.000001\"}}");
    assertThat(ambiguous).hasStatus(409);
    assertShape("RowName", ambiguous.json().at("/candidates/0"));
    for (Http.Answer problem : List.of(blocked, invalid, settled, source, ambiguous)) {
      ofProblems.addAll(fields(problem.json()));
    }
    assertThat(ofProblems).isEqualTo(fields(schema("Problem").path("properties")));

    Http.Answer ceiling =
        tenant.admin.send("PUT", "/budget/ceilings/user/ada/total", "{\"limit_usd\": \"1.00\"}");
    assertShape("Ceiling", ceiling.json());
    Http.Answer price =
        tenant.admin.send(
            "PUT",
            "/budget/price-overrides?provider=acme&model=house",
            "{\"prices\": {\"input\": \"0.000001\"}}");
    assertShape("PriceOverride", price.json());
    assertShape("NewKey", tenant.admin.post("/budget/keys", "{\"role\": \"viewer\"}").json());
    assertShape("Key", tenant.admin.get("/budget/keys").json().path("items").path(0));
    Http.Answer spend =
        tenant.awaitSpend("/budget/attribution?group_by=model", "/total/committed_usd", "0.105");
    assertShape("Spend", spend.json());
    assertShape("SpendSums", spend.json().path("total"));
    assertShape("SpendItem", spend.json().path("items").path(0));
    Http.Answer focus = tenant.gateway.get("/budget/attribution?group_by=model&format=focus");
    Set<String> columns = new TreeSet<>();
    schema("FocusLine").path("required").forEach(name -> columns.add(name.asText()));
    Set<String> answered = fields(focus.json().path("items").path(0));
    answered.removeIf(name -> name.startsWith("x_"));
    assertThat(answered).isEqualTo(columns);
    tenant.commit(tenant.ask(1, 1, null), 1, 1_000);
    Http.Answer report = tenant.awaitSpend("/budget/reconciliation", "/total/overruns", "1");
    assertShape("Reconciliation", report.json());
    assertShape("ReconciliationSums", report.json().path("total"));
    assertShape("ReconciliationItem", report.json().path("items").path(0));
    Http operator = new Http(base, "bak_demo_operator");
    Http.Answer draft =
        operator.post(
            "/budget/price-tables",
            "{\"m\": {\"litellm_provider\": \"p\", \"mode\": \"chat\","
                + " \"input_cost_per_token\": 1e-6}}");
    assertShape("ReviewedPriceTable", draft.json());
    assertShape("PriceReview", draft.json().path("review"));
    assertShape("RowName", draft.json().at("/review/added/0"));
    assertShape("PriceTable", operator.get("/budget/price-tables").json().path("items").path(0));
    assertShape("AuditEntry", tenant.admin.get("/budget/audit").json().path("items").path(0));
  }

  @Test
  void whenTheDocumentHasAnExample_itHasItsStatedShape() {
    JsonNode examples = document().path("components").path("examples");
    assertShape("DecisionRecord", examples.at("/Allow/value"));
    assertShape("DecisionRecord", examples.at("/Committed/value"));
    assertShape("Policy", examples.at("/DefaultPolicy/value"));
    assertShape("BudgetFacts", examples.at("/RunCeilingReached/value/budget"));
    Http.Answer asked =
        new TestTenant(base)
            .gateway.ask(examples.at("/Ask/value").toString(), UUID.randomUUID().toString());
    assertThat(asked).hasStatus(200);
    assertThat(asked.json().path("estimate_usd"))
        .as("is true")
        .isEqualTo(examples.at("/Allow/value/estimate_usd"));
  }

  /// Every code that a problem may have is one of a response, and every one of those is a code.
  @Test
  void whenProblemCodesAreDocumented_theyAreThoseOfTheCode() {
    Set<String> codes = new TreeSet<>();
    Arrays.stream(ProblemType.values()).map(ProblemType::code).forEach(codes::add);
    Set<String> documented = new TreeSet<>();
    for (JsonNode enumeration : document().findValues("code")) {
      if (enumeration.path("enum").isArray() && !enumeration.has("type")) {
        enumeration.path("enum").valueStream().map(JsonNode::asText).forEach(documented::add);
      }
    }
    assertThat(documented).isEqualTo(codes);
  }

  private void assertShape(String name, JsonNode answer) {
    JsonNode schema = schema(name);
    assertFields(schema, answer);
    assertThat(required(schema)).as(name).isEqualTo(fields(answer));
  }

  private static Set<String> required(JsonNode schema) {
    Set<String> required = new TreeSet<>();
    schema.path("required").forEach(field -> required.add(field.asText()));
    return required;
  }

  private static void assertFields(JsonNode schema, @Nullable JsonNode answer) {
    assertThat(fields(answer))
        .as(String.valueOf(answer))
        .isEqualTo(fields(schema.path("properties")));
  }

  private static Set<String> fields(@Nullable JsonNode object) {
    Set<String> names = new TreeSet<>();
    if (object != null) {
      object.fieldNames().forEachRemaining(names::add);
    }
    return names;
  }
}
