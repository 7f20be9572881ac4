// Traces SIZE x SIZE rays into a room of spheres and planes behind one interface (virtual calls, f32). Checked: hits
// lie on the surface they hit, and the symmetric room gives a symmetric picture.
#include <memory>
#include <vector>

#include "common.h"

namespace {

struct Vector {
    float x, y, z;
};
Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vector operator*(float s, Vector a) { return {s * a.x, s * a.y, s * a.z}; }
float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }

class Shape {
public:
    virtual ~Shape() = default;
    // The way along the unit direction to the surface; negative where there is none.
    virtual float hit(Vector origin, Vector direction) const = 0;
    virtual Vector normal(Vector point) const = 0;
    virtual float error(Vector point) const = 0;
};

class Sphere : public Shape {
public:
    Sphere(Vector centre, float radius) : centre_(centre), radius_(radius) {}
    float hit(Vector origin, Vector direction) const override {
        const Vector to = centre_ - origin;
        const float along = dot(to, direction), inside = radius_ * radius_ - dot(to, to) + along * along;
        return inside < 0 ? -1 : along - sqrtf(inside);
    }
    Vector normal(Vector point) const override { return (1 / radius_) * (point - centre_); }
    float error(Vector point) const override { return fabsf(sqrtf(dot(point - centre_, point - centre_)) - radius_); }

private:
    Vector centre_;
    float radius_;
};

class Plane : public Shape {
public:
    Plane(Vector normal, float offset) : normal_(normal), offset_(offset) {}
    float hit(Vector origin, Vector direction) const override {
        const float slope = dot(normal_, direction);
        return slope > -1e-6f ? -1 : (offset_ - dot(normal_, origin)) / slope;
    }
    Vector normal(Vector) const override { return normal_; }
    float error(Vector point) const override { return fabsf(dot(normal_, point) - offset_); }

private:
    Vector normal_;
    float offset_;
};

using Room = std::vector<std::unique_ptr<Shape>>;

float brightness(const Room& room, Vector origin, Vector direction, int bounces) {
    const Shape* nearest = nullptr;
    float way = 1e6f;
    for (const auto& shape : room) {
        const float to = shape->hit(origin, direction);
        if (to <= 1e-3f || to >= way)
            continue;
        way = to;
        nearest = shape.get();
    }
    if (nearest == nullptr)
        return 0.1f;
    const Vector point = origin + way * direction, normal = nearest->normal(point);
    require(nearest->error(point) < 1e-2f, "a hit is not on the surface");
    const float light = fmaxf(0, dot(normal, {0, 0.8f, -0.6f}));
    if (bounces == 0)
        return light;
    const Vector mirrored = direction - (2 * dot(normal, direction)) * normal;
    return 0.6f * light + 0.4f * brightness(room, point + 1e-3f * normal, mirrored, bounces - 1);
}

}  // namespace

int main() {
    Room room;
    room.push_back(std::make_unique<Plane>(Vector{0, 1, 0}, -1.0f));
    room.push_back(std::make_unique<Plane>(Vector{0, 0, -1}, -12.0f));
    for (int k = 0; k < 5; ++k)
        for (int side = -1; side <= 1; side += 2)
            room.push_back(
                std::make_unique<Sphere>(Vector{static_cast<float>(side) * (1.2f + 0.5f * static_cast<float>(k)),
                                                0.3f * static_cast<float>(k), 4.0f + static_cast<float>(k)},
                                         0.9f));
    std::vector<float> picture(SIZE * SIZE);
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            const Vector to = {(static_cast<float>(j) + 0.5f - SIZE / 2.0f) / SIZE,
                               (SIZE / 2.0f - static_cast<float>(i) - 0.5f) / SIZE, 1};
            picture[i * SIZE + j] = brightness(room, {0, 0, 0}, (1 / sqrtf(dot(to, to))) * to, 3);
        }
    double sum = 0, asymmetry = 0;
    for (int i = 0; i < SIZE; ++i)
        for (int j = 0; j < SIZE; ++j) {
            sum += static_cast<double>(picture[i * SIZE + j]);
            asymmetry += static_cast<double>(fabsf(picture[i * SIZE + j] - picture[i * SIZE + SIZE - 1 - j]));
        }
    require(sum > 0.1 * SIZE * SIZE && asymmetry < 1e-3 * sum, "the picture is not symmetric");
    return finish(rounded(sum));
}
