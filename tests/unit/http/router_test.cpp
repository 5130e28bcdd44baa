#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "make_generation.hpp"

namespace mortise::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_cone;
using testing::make_generation;

struct MethodAndPattern {
  const char* method;
  const char* pattern;
};

class RouterTest : public ::testing::Test {
 protected:
  std::vector<std::string> add(const std::string& plugin, std::initializer_list<MethodAndPattern> routes) {
    RouteTable::Source source{.cone = make_cone(make_generation(plugin)), .routes = {}};
    for (const auto& [method, pattern] : routes) {
      auto route = std::make_shared<Route>();
      route->method = method;
      route->pattern = pattern;
      route->segments = parse_pattern(pattern).value();
      source.routes.push_back(std::move(route));
    }
    std::vector<std::string> clashes;
    for (auto& clash : table_.add(source)) clashes.push_back(std::move(clash.message));
    return clashes;
  }

  /// "plugin METHOD PATTERN name=value" of the route that is found, or why none is.
  std::string find(std::string_view method, std::string_view path) {
    const auto match = table_.find(method, path, params_);
    switch (match.kind) {
      case Match::Kind::not_found: return "not found";
      case Match::Kind::bad_path: return "bad path";
      case Match::Kind::method_not_allowed: return "allow: " + std::string(match.allow);
      case Match::Kind::found: break;
    }
    auto text = table_.cones()[match.source]->entry->name() + " " + match.route->method + " " + match.route->pattern;
    for (std::size_t i = 0; i < params_.size(); ++i) {
      const auto& [name, value] = params_.data()[i];
      text += " " + std::string(name.data, name.size) + "=" + std::string(value.data, value.size);
    }
    return text;
  }
  std::string get(std::string_view path) { return find("GET", path); }

  RouteTable table_;
  Params params_;
};

TEST_F(RouterTest, FindsLiteralsParametersAndTheRest) {
  add("p", {{"GET", "/"}, {"GET", "/notes"}, {"GET", "/notes/{id}/tags/{tag}"}, {"GET", "/files/{path...}"}});
  EXPECT_EQ(get("/"), "p GET /");
  EXPECT_EQ(get("/notes"), "p GET /notes");
  EXPECT_EQ(get("/notes/7/tags/red"), "p GET /notes/{id}/tags/{tag} id=7 tag=red");
  EXPECT_EQ(get("/files/css/site.css"), "p GET /files/{path...} path=css/site.css");
  EXPECT_EQ(get("/files/"), "p GET /files/{path...} path=");
  EXPECT_EQ(get("/files//a/"), "p GET /files/{path...} path=/a/");
  for (const auto* path : {"/files", "/notes/", "/notes/7", "/Notes", "/notes/7/tags/", "/notes//tags/red", "/other"}) {
    EXPECT_EQ(get(path), "not found") << path;
  }
}

TEST_F(RouterTest, PrefersLiteralsToParametersToTheRest) {
  add("p", {{"GET", "/a/{x...}"}, {"GET", "/a/{x}"}, {"GET", "/a/b"}, {"GET", "/{x}/b"}});
  EXPECT_EQ(get("/a/b"), "p GET /a/b");
  EXPECT_EQ(get("/a/c"), "p GET /a/{x} x=c");
  EXPECT_EQ(get("/a/c/d"), "p GET /a/{x...} x=c/d");
  EXPECT_EQ(get("/a/"), "p GET /a/{x...} x=");
  EXPECT_EQ(get("/z/b"), "p GET /{x}/b x=z");
}

TEST_F(RouterTest, GoesBackWhereAPreferredSegmentLeadsNowhere) {
  add("p", {{"GET", "/a/b/c"}, {"GET", "/a/{x}/d"}, {"GET", "/{y}/b/e"}, {"GET", "/{all...}"}});
  EXPECT_EQ(get("/a/b/c"), "p GET /a/b/c");
  EXPECT_EQ(get("/a/b/d"), "p GET /a/{x}/d x=b");
  EXPECT_EQ(get("/a/b/e"), "p GET /{y}/b/e y=a");
  EXPECT_EQ(get("/a/b/f"), "p GET /{all...} all=a/b/f");
}

TEST_F(RouterTest, DecodesAfterSplitting) {
  add("p", {{"GET", "/notes/{id}"}, {"GET", "/files/{path...}"}, {"GET", "/caf\xc3\xa9"}});
  EXPECT_EQ(get("/notes/a%2Fb"), "p GET /notes/{id} id=a/b");
  EXPECT_EQ(get("/notes/a%20b%3F"), "p GET /notes/{id} id=a b?");
  EXPECT_EQ(get("/notes/a%252Fb"), "p GET /notes/{id} id=a%2Fb");
  EXPECT_EQ(get("/%6eotes/1"), "p GET /notes/{id} id=1");
  EXPECT_EQ(get("/caf%C3%A9"), "p GET /caf\xc3\xa9");
  EXPECT_EQ(get("/files/a%20b/c+d"), "p GET /files/{path...} path=a b/c+d");
}

TEST_F(RouterTest, RefusesPathsThatMightClimb) {
  add("p", {{"GET", "/files/{path...}"}, {"GET", "/{a}/{b}"}});
  for (const auto* path : {"/files/../x", "/files/..", "/./a", "/files/%2e%2e/x", "/files/.%2E", "/%2e/a",
                           "/files/..%2fx", "/files/a%2f..%2F..%2fx", "/files/%2e%2e%2fx", "/files/a%2f%2e%2e"}) {
    EXPECT_EQ(get(path), "bad path") << path;
  }
  EXPECT_EQ(get("/files/...") + get("/files/..a/a.."),
            "p GET /files/{path...} path=...p GET /files/{path...} path=..a/a..");
}

TEST_F(RouterTest, RefusesBrokenEscapesAndNul) {
  add("p", {{"GET", "/{a}"}});
  for (const auto* path : {"/%", "/%4", "/%zz", "/%00", "/a%00b", "", "a"}) EXPECT_EQ(get(path), "bad path") << path;
}

TEST_F(RouterTest, BoundsTheNumberOfSegments) {
  add("p", {{"GET", "/{all...}"}});
  std::string path;
  for (int i = 0; i < 64; ++i) path += "/a";
  EXPECT_EQ(get(path), "p GET /{all...} all=" + path.substr(1));
  EXPECT_EQ(get(path + "/a"), "bad path");
}

TEST_F(RouterTest, AnswersHeadByGetUnlessItHasARouteOfItsOwn) {
  add("p", {{"GET", "/a"}, {"GET", "/b"}, {"HEAD", "/b"}, {"POST", "/c"}});
  EXPECT_EQ(find("HEAD", "/a"), "p GET /a");
  EXPECT_EQ(find("HEAD", "/b"), "p HEAD /b");
  EXPECT_EQ(find("HEAD", "/c"), "allow: POST, OPTIONS");
}

TEST_F(RouterTest, SaysWhichMethodsAPathTakes) {
  add("p", {{"GET", "/a"}, {"PUT", "/a"}, {"OPTIONS", "/b"}, {"DELETE", "/b"}});
  EXPECT_EQ(find("POST", "/a"), "allow: GET, PUT, HEAD, OPTIONS");
  EXPECT_EQ(find("OPTIONS", "/a"), "allow: GET, PUT, HEAD, OPTIONS");
  EXPECT_EQ(find("OPTIONS", "/b"), "p OPTIONS /b");
  EXPECT_EQ(find("get", "/a"), "allow: GET, PUT, HEAD, OPTIONS") << "methods have a case";
}

TEST_F(RouterTest, LetsPluginsShareAPathByMethod) {
  EXPECT_THAT(add("a", {{"GET", "/x/{id}"}}), IsEmpty());
  EXPECT_THAT(add("b", {{"PUT", "/x/{name}"}}), IsEmpty());
  EXPECT_EQ(find("PUT", "/x/1"), "b PUT /x/{name} name=1");
  EXPECT_EQ(find("GET", "/x/1"), "a GET /x/{id} id=1");
}

TEST_F(RouterTest, NamesBothPluginsOfAConflict) {
  add("first", {{"GET", "/x/{id}"}});
  EXPECT_THAT(add("second", {{"GET", "/x/{name}"}, {"GET", "/y"}}),
              ElementsAre("plugin 'second': GET /x/{name} is already served by plugin 'first' (as /x/{id}); disable "
                          "one of the two, or change its routes"));
}

TEST_F(RouterTest, AddsNothingOfASourceThatConflicts) {
  add("first", {{"GET", "/x"}, {"GET", "/z/{id}"}});
  EXPECT_THAT(add("second", {{"GET", "/x"}, {"GET", "/y/{rest...}"}, {"GET", "/z/{rest...}"}}), ::testing::SizeIs(1));
  EXPECT_EQ(get("/y/a"), "not found");
  EXPECT_EQ(get("/z/a/b"), "not found");
  EXPECT_EQ(get("/z/a"), "first GET /z/{id} id=a");
}

TEST_F(RouterTest, HoldsItsGenerations) {
  auto generation = make_generation("p");
  const std::weak_ptr<runtime::Generation> weak = generation;
  auto table = std::make_unique<RouteTable>();
  table->add({.cone = make_cone(std::move(generation)), .routes = {}});
  EXPECT_FALSE(weak.expired());
  table.reset();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace mortise::http
