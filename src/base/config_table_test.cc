#include "base/config_table.h"

#include <gtest/gtest.h>

namespace turms::config {
namespace {

struct Engine {
  int cylinders = 4;
  double load = 2;
  Duration warm_up = 90s;
};
struct Car {
  enum class Fuel { kPetrol, kDiesel };
  Engine engine;
  bool roof = true;
  std::string name = "beetle";
  std::vector<std::string> doors = {"left", "right"};
  Fuel fuel = Fuel::kDiesel;
};

constexpr auto kFuels = std::to_array<Word<Car::Fuel>>(
    {{"PETROL", Car::Fuel::kPetrol}, {"DIESEL", Car::Fuel::kDiesel}});

Table<Car> car_table() {
  Table<Engine> engine(Change::kAtStart);
  engine.number("engine.cylinders", &Engine::cylinders, 1, 12, "How many.")
      .number("engine.load", &Engine::load, 0, 100, "How much.")
      .time("engine.warm-up-seconds", &Engine::warm_up, 1s, 0, 600, "How long.")
      .at_run_time();
  Table<Car> table(Change::kAtRunTime);
  table.flag("roof", &Car::roof, "Whether.")
      .text("name", &Car::name, "Which.")
      .at_start()
      .list("doors", &Car::doors, "Where.")
      .word("fuel", &Car::fuel, kFuels, "What.")
      .include(&Car::engine, engine);
  return table;
}

Values values_of(const Table<Car>& table, const std::map<std::string, std::string>& said = {}) {
  Values values;
  for (const Option& option : table.options()) {
    const auto found = said.find(option.key);
    auto value = parse_value(option, found == said.end() ? option.fallback : found->second);
    EXPECT_TRUE(value) << option.key;
    EXPECT_TRUE(check_value(option, *value)) << option.key;
    values.set(option.key, *value);
  }
  return values;
}

TEST(ConfigTable, DefaultsAreTheOnesOfTheStruct) {
  const auto table = car_table();
  const Car read = table.read(values_of(table));
  EXPECT_EQ(read.engine.cylinders, 4);
  EXPECT_EQ(read.engine.load, 2);
  EXPECT_EQ(read.engine.warm_up, 90s);
  EXPECT_TRUE(read.roof);
  EXPECT_EQ(read.name, "beetle");
  EXPECT_EQ(read.doors, (std::vector<std::string>{"left", "right"}));
  EXPECT_EQ(read.fuel, Car::Fuel::kDiesel);
}

TEST(ConfigTable, EachKeyReachesItsField) {
  const auto table = car_table();
  const Car read = table.read(values_of(table, {{"engine.cylinders", "12"},
                                                {"engine.load", "7"},
                                                {"engine.warm-up-seconds", "5"},
                                                {"roof", "false"},
                                                {"name", "ant"},
                                                {"doors", "back"},
                                                {"fuel", "PETROL"}}));
  EXPECT_EQ(read.engine.cylinders, 12);
  EXPECT_EQ(read.engine.load, 7);
  EXPECT_EQ(read.engine.warm_up, 5s);
  EXPECT_FALSE(read.roof);
  EXPECT_EQ(read.name, "ant");
  EXPECT_EQ(read.doors, std::vector<std::string>{"back"});
  EXPECT_EQ(read.fuel, Car::Fuel::kPetrol);
}

TEST(ConfigTable, SaysWhichKeysMayChange) {
  std::vector<std::string> changeable;
  for (const Option& option : car_table().options()) {
    if (option.changeable) changeable.push_back(option.key);
  }
  EXPECT_EQ(changeable,
            (std::vector<std::string>{"roof", "doors", "fuel", "engine.warm-up-seconds"}));
}

TEST(ConfigTable, OnlyTheWordsAreGood) {
  for (const Option& option : car_table().options()) {
    if (option.key != "fuel") continue;
    const Status refused = check_value(option, *parse_value(option, "HAY"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "fuel must be one of PETROL, DIESEL, not 'HAY'");
  }
}

TEST(Config, NearestKeys) {
  const std::vector<std::string> keys = {"http.port", "http.bind"};
  EXPECT_EQ(nearest_key("http.prot", keys), "http.port");
  EXPECT_EQ(nearest_key("something.else", keys), "");
}

}  // namespace
}  // namespace turms::config
